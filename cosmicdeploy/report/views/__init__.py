"""Results as people read them, one module for each kind of result."""
