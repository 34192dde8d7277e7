"""The fidelity matrix: a schema with every kind of object, in each vendor's SQL."""
