"""Tests of the lock: who holds it, and what a run without it may not do."""
