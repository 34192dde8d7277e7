"""Tests of the requests with which a run proves itself, and of what clients got."""
