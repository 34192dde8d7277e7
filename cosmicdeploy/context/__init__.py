"""What a step may use: the stack, its engine and its records, and what belongs to the run."""
