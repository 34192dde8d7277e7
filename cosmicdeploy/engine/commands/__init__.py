"""Commands in containers, and the logs of containers."""
