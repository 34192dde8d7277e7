"""The kernel's tables of connections, as processes in a container see them."""
