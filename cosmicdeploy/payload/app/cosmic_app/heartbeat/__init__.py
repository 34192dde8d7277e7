"""Handle beats: validate them, limit their rate, and write them in batches."""
