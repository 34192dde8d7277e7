"""Read the values of a compose file, such as numbers, dates and sizes, as Compose v2 does."""
