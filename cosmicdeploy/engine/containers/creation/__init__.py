"""Turn a service into the request that creates its container."""
