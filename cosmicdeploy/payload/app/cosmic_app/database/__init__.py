"""Connections to the database, transactions with retries, and the current columns."""
