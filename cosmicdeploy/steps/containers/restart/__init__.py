"""Restart containers in place: stop and start the same ones."""
