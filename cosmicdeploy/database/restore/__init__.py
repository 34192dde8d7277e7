"""Load a dump, verify a backup, and restore it through the shadow schema."""
