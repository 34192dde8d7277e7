"""Find the volumes in which the proxy serves an image's files, and record which files they have."""
