"""The stack's journal: what each run intended to change, changed, and undid."""
