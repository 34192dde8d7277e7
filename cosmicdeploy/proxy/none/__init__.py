"""Stacks without a load balancer that the deployer knows: none, a stopped one, or another kind."""
