"""The stack's journal: what each run set out to change, what it did, and what it left undone."""
