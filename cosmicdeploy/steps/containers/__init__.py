"""Steps on containers that stay: services, restart, maintenance."""
