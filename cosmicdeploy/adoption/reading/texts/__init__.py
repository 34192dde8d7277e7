"""The texts that are searched: source files and configuration, bounded and without secrets."""
