"""Checks of whether the containers are healthy, connected, and respond to requests."""
