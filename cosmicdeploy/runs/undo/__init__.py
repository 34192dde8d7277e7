"""Undo the steps of a run and check the result, or settle the steps after a success."""
