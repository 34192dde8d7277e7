"""Collectors, which return the figures of one source each, and the functions that judge points."""
