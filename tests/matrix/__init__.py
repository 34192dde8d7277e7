"""Every engine against stacks of every origin: `make matrix` runs them all, and prints a table."""
