"""Files of the host that are mounted in containers, and what changed since containers read them."""
