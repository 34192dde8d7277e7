"""Rotation: move old lines of the journal to its archive, and choose those that stay."""
