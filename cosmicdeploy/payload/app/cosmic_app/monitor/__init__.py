"""Find devices that no longer send beats, and change their status."""
