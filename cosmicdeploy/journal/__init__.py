"""The stack's journal: what each run is about to change, what it did, and what is unfinished."""
