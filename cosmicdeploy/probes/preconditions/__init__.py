"""Conditions that a stack must meet before a run, and notices of what runs leave out."""
