"""What a step may use: the stack, its engine, its records, and the state of the run."""
