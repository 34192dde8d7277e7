"""What a rollout will do: in which order and batches, with which gaps, and how a plan says it."""
