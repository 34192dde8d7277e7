"""Swap the shadow schema's tables with the live ones, or back; finish or undo a killed swap."""
