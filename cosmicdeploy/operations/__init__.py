"""What each command does, as plain functions that return data; `cli/` parses and prints."""
