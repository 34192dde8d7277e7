"""Dumps: prerequisites, the dump tool, and proof that no row is missing."""
