"""Recognize the role of each service: servers, schedulers and workers, applications, the proxy."""
