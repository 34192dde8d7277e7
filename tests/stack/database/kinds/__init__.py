"""The kinds of objects in a schema, and what a backup does with each kind on each server."""
