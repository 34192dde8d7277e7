"""Undo the steps of a run, check that this was complete, or settle them after a success."""
