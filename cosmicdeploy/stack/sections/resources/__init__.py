"""Read a service's limits of CPU, memory and block devices, and its devices."""
