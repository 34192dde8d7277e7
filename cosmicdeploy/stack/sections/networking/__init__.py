"""Read how a container is reached, and what it reaches."""
