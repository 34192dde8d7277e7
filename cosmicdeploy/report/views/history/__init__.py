"""Show the runs of a stack: the list, and a single run."""
