"""The catalogue of backups: their files (archive, manifest, state), and which of them to keep."""
