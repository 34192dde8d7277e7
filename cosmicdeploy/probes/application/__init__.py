"""What the application says of itself: heartbeat, features, its scheduler lock."""
