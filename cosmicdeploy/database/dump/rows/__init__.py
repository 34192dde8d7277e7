"""Count the rows of a dump on the server, in its own snapshot if that can be told."""
