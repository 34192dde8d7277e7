"""Replace or restart the containers of a rollout, and undo that."""
