"""Steps on the schema: migrations up and down, and interrupted migrations."""
