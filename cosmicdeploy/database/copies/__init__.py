"""Copies of backups at destinations: made, removed and fetched back."""
