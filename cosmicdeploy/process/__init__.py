"""The deployer's process: signals, concurrent queries, polling, and a fast start."""
