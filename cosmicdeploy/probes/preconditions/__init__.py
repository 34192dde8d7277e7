"""What must hold of a stack before a run begins, and what the run leaves out."""
