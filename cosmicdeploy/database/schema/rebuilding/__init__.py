"""Build the objects of a schema again in another one, and compare the two."""
