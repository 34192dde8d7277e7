"""Read limits of CPU, memory and devices."""
