"""Verify a backup, load it into another schema, and restore it through the shadow schema."""
