"""Tests of Traefik's API, labels and health checks."""
