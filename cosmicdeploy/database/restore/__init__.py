"""Load a dump into a shadow schema, verify it, and restore it."""
