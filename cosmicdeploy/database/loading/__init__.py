"""Run a dump's statements: load rows in parallel, and defer statements that must wait."""
