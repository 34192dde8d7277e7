"""Traefik: its API, the labels that it reads, and the health that it follows."""
