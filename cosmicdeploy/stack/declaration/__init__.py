"""Turn the compose files into one document: its keys, active services and project name."""
