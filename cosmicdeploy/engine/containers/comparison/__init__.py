"""Flatten containers and definitions to keys of the compose file, so they can be compared."""
