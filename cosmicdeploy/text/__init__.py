"""Text for people: formatting, shortening, suggestions, and sanitizing foreign text."""
