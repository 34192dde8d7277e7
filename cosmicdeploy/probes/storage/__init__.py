"""Whether containers can write to their mounts, and how full their disks are."""
