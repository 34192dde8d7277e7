"""Volumes that the proxy serves and the application's image fills: which, and with what."""
