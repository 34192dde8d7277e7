"""List the files of a build context, and pack them for the engine."""
