"""Copies of backups at other destinations, and the way back from there."""
