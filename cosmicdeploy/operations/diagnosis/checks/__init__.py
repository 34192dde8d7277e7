"""The checks of each known problem."""
