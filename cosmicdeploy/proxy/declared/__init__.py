"""What the stack's files show of a load balancer, before any container runs."""
