"""Caddy: its configuration, its admin endpoint, and the time in which it notices a replica."""
