"""Read the variables of a compose file, and resolve them in its values."""
