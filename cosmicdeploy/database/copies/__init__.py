"""Copies of backups at destinations: make, remove and fetch them."""
