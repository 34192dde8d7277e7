"""Tests of what nginx's configuration says."""
