"""The verification of a release, point by point, and the earlier failures that it excuses."""
