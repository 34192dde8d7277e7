"""Probes of the application: heartbeats, features, the scheduler's overlap lock, its log file."""
