"""Speak to a load balancer's own interface: a UNIX socket or HTTP, in its container."""
