"""Checks of the engine and its host: rights, builder, disks, clock."""
