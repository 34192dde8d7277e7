"""Read and compare the contents of a schema, create its objects again, and check privileges."""
