"""HAProxy: its configuration, its runtime socket, and the servers that are replicas."""
