"""Tests of the probes: measurements from outside, and what they refuse."""
