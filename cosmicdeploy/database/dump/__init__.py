"""Take a dump: its prerequisites, the dump itself, and checks that it is complete."""
