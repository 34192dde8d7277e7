"""The commands without their command line: plain functions that return data."""
