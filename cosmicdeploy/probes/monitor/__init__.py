"""Collectors of the live view: each observes one part of the stack and yields events."""
