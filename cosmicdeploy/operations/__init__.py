"""What the commands do, as plain functions under the command line: each answers with data."""
