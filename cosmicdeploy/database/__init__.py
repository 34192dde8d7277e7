"""Everything that talks to the database or handles its backups."""
