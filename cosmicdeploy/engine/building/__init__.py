"""Image builds: refuse what the builder would drop from a Dockerfile, then build."""
