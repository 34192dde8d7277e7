"""Access to the database, and its backups: create, copy, verify and restore them."""
