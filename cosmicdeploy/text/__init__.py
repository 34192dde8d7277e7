"""Text for people: formatting, suggestions, and sanitizing foreign text."""
