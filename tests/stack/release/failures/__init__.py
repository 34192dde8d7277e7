"""A release that fails, is killed or is disturbed, and the way out."""
