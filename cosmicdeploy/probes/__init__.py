"""Probes: measurements of the stack from outside (HTTP, readiness, the application's state).

Each docstring names what a probe costs and changes: requests, heartbeats that the application
stores, commands in containers.
"""
