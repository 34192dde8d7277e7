"""Begin maintenance, stop everything that writes, and let clients in again."""
