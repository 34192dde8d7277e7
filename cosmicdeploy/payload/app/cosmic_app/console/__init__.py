"""The command line inside the container: finding, describing and running commands."""
