"""Migrations in files, run in the order of their names."""
