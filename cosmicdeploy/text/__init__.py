"""Text for people: formatting, and text from elsewhere made harmless."""
