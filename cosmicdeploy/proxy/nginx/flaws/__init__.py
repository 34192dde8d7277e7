"""What nginx's configuration lacks for a rollout that loses no request."""
