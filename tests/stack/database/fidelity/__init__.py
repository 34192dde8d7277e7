"""The fidelity matrix: a schema with every kind of object, in the words of each vendor."""
