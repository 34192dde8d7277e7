"""Tests of the files that take replicas out of service."""
