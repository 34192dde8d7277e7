"""Read the volumes, tmpfs, secrets and configs of a service."""
