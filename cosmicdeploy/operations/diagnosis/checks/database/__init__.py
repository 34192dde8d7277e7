"""Checks of the database: its load, its sessions, and what holds up a migration."""
