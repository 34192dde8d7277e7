"""An operator's year on a stranger's Laravel stack, under load: `make year` prints a table."""
