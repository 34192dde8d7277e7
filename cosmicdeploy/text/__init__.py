"""Text for people: formatting, suggestions, and foreign text made harmless."""
