"""Judge migrations without running them: what they would do, and what they have already done."""
