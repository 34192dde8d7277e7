"""Containers: created from a definition, found by labels, compared."""
