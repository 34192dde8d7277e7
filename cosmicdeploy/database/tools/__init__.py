"""The database's own command-line tools, run inside its container."""
