"""Measurements from outside: HTTP, readiness, and the state of the application."""
