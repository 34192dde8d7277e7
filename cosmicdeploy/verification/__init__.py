"""The verification of a release, point by point, and the failures that it excuses."""
