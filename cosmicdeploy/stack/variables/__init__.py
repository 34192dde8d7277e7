"""Variables of a compose file: their sources, and interpolation."""
