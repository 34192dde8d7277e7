"""The output of `monitor`: a live view in a terminal, lines in a pipe."""
