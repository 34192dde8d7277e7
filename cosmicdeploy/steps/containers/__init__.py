"""Steps that start, stop and restart containers without replacing them."""
