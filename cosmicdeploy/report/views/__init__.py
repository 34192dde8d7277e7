"""Views that print results as text, one module for each kind of result."""
