"""Read a build context, and pack it for the engine."""
