"""Read the sections of a compose file, one module for each subject."""
