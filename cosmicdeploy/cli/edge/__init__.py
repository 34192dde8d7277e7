"""The outer edge of every command: the process, its streams, and its errors."""
