"""Tests of which replicas nginx sends requests to."""
