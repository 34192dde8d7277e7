"""Show what the sessions on the server do: process list, lock waits, server load."""
