"""Every engine against stacks of all origins and layouts: `make matrix` prints a table."""
