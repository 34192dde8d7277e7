"""Create containers from the compose file's services, find them by labels, and detect drift."""
