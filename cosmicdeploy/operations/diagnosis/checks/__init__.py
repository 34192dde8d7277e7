"""The checks of each trouble."""
