"""Judge migrations without running them: what they would do, and what the schema already has."""
