"""Interrupted runs: which to resume, which to undo, and the ways on for the operator."""
