"""The `backup` group: make, list, verify, copy, fetch, pin, prune."""
