"""HTTP responses during a run, their statistics, maintenance windows, and announced gaps."""
