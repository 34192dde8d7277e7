"""The records of the journal: what each kind holds, and how a line is parsed into one."""
