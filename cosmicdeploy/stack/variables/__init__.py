"""Variables of a compose file: where they come from, and interpolation."""
