"""Flatten containers and definitions to keys of the compose file, and compare them."""
