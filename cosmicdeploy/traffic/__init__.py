"""HTTP responses during a run, their statistics, and the maintenance window."""
