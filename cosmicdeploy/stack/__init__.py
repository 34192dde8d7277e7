"""Read a compose file into a `Stack`; unsupported keys are refused by name."""
