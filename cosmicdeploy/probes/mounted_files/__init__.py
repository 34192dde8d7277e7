"""Files of the host mounted in containers, and their changes since containers read them."""
