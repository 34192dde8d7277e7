"""Files: read within bounds, written whole or not at all, and those shipped with the tool."""
