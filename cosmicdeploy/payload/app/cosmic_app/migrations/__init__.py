"""Database migrations: one per file, run in the order of the file names."""
