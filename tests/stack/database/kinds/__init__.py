"""The kinds of objects in a schema, and what a backup does with each on each server."""
