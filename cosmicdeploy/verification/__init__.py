"""The verification of a release, point by point, and what already failed before a run."""
