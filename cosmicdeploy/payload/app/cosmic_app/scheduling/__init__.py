"""Run scheduled commands every minute, with locks against overlapping runs."""
