"""Swap a shadow schema into the live one; another process can finish or undo it."""
