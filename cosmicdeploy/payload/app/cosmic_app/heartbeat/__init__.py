"""Take beats from requests: validate them, limit their rate, and write them in batches."""
