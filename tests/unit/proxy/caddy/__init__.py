"""Tests of Caddy's configuration and admin endpoint."""
