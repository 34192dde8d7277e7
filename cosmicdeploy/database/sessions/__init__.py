"""What the sessions on the server do: the process list, lock waits, server load."""
