"""Parse a Dockerfile: its instructions, stages and base images."""
