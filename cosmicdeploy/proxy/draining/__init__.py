"""Take replicas out of service by files, and wait for their requests in flight."""
