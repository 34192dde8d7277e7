"""Read and compare the tables of a schema and their columns."""
