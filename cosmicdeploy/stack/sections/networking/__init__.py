"""Read the networks, ports, links and host names of a service."""
