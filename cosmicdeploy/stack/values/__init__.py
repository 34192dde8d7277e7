"""Read numbers, dates and command lines of a compose file as Compose v2 does."""
