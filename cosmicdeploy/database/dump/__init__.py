"""Take a dump: check its prerequisites, run the dump tool, and check that the dump is complete."""
