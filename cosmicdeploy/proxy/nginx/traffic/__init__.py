"""Which replicas nginx sends requests to: drain, reload, and how long nginx skips a replica."""
