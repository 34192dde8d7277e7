"""Rollout: replace the containers of services, some at a time, and soak."""
