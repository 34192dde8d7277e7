"""Tests of the variables of a compose file, and of where they come from."""
