"""The files of a backup on disk: its data, its signed manifest, and its state."""
