"""Random schemas with data: each is restored unchanged, or refused by name before the dump."""
