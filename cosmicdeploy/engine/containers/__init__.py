"""Create containers from a definition, find them by labels, and detect drift."""
