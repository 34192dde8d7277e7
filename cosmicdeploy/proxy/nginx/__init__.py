"""nginx: its configuration, its upstreams, and how long it skips a replica that failed."""
