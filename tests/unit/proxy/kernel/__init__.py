"""Tests of what the kernel says about the proxy and its containers."""
