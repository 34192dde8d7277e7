"""Probes of the application: heartbeats, features, locks of scheduled commands, file access."""
