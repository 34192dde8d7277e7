"""Tests of the journal: what it keeps, and what a later version reads of it."""
