"""Runs: make a plan, apply it under the lock step by step, undo it if a step fails."""
