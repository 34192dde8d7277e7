"""nginx: its configuration, its upstreams, and how long it avoids a replica that failed."""
