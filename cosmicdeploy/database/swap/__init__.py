"""Swap the shadow schema's tables into the live schema, or back; finish or undo a killed swap."""
