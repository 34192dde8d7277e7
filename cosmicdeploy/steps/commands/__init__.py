"""Steps that run a command in a container, and helpers for that."""
