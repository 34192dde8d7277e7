"""Text for people: formatting, shortening, suggestions, and sanitizing text from outside."""
