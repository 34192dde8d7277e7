"""Connections to the database, retried transactions, and the columns that exist now."""
