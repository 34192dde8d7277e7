"""Tests of how the deployer speaks to a load balancer's own interface."""
