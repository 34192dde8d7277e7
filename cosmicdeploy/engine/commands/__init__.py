"""Run commands in containers, and read the logs of containers."""
