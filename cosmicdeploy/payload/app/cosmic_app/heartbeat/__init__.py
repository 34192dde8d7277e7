"""From a validated beat to a committed one: batches, limiter, writer."""
