"""The command line: parses arguments, calls other packages, prints the result and exits."""
