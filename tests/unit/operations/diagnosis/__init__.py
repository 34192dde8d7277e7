"""Tests of `diagnose`: its checks, and that their findings agree."""
