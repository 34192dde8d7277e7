"""The kernel's view of a container: its processes and its TCP connections."""
