"""Interrupted runs: which to resume, which to undo, and the commands that end them."""
