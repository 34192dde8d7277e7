"""Create the objects of a schema again in another schema, and compare the two schemas."""
