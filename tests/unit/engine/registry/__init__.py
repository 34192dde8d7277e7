"""Tests of names of images, and of pulls."""
