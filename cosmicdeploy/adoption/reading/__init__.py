"""Read what shows how a stack is built and run, without changing anything."""
