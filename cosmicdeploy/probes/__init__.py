"""Probes: measurements of the stack from outside (HTTP, readiness, the application's state).

The docstring of each probe says what it costs: requests, heartbeats that the application stores, or
commands that run in containers.
"""
