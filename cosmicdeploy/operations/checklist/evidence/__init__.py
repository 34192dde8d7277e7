"""Collectors of figures, one for each source, and functions that judge points by the figures."""
