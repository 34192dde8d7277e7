"""The command line of the application: find, describe and run its commands."""
