"""The verification of a release, point by point, and the failures from before a run."""
