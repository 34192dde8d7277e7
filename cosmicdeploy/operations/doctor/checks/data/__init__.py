"""Checks of what a backup needs: the database, and where backups go."""
