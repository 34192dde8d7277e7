"""Build with `docker buildx`."""
