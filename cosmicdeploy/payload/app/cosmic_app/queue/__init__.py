"""Jobs in Redis lists, and the worker that takes them."""
