"""Files of the host that containers have mounted, and whether they changed since they were read."""
