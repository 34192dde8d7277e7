"""The command line inside the container: find, describe and run commands."""
