"""Sessions of the server: the process list, lock waits, server load."""
