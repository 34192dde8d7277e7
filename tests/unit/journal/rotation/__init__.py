"""The rotation of the journal."""
