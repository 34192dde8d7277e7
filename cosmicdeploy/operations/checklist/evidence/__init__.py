"""Collectors of evidence, one per source, and the judgement of each point."""
