"""Run commands by the minute, with locks against overlapping runs."""
