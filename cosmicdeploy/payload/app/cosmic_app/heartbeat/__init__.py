"""Handle heartbeats, called beats: validate them, limit their rate, write them in batches."""
