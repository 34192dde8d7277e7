"""Read what a schema holds, compare it, and create it again; check privileges on it."""
