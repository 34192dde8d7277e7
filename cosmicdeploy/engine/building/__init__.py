"""Build images, and refuse a Dockerfile that the builder would not build as written."""
