"""Tests of commands in containers, and of their output and logs."""
