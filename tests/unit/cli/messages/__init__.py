"""Tests of all messages in the source code: their style, their advice, and the ways out."""
