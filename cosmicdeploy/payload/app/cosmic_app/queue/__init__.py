"""Jobs in Redis lists, and the worker that processes them."""
