"""Decide from what was recognized which settings to write, and what to tell the operator."""
