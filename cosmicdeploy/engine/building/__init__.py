"""Build images, after refusing what the builder would ignore in a Dockerfile."""
