"""Collectors of evidence, one for each point or source."""
