"""What runs every minute, and the lock that keeps two runs apart."""
