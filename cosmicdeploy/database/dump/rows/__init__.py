"""Count the rows of a dump on the server, if possible in the dump's own snapshot."""
