"""Changes of infrastructure: database, cache, proxy, and services that keep data."""
