"""Stacks of small replicas behind nginx."""
