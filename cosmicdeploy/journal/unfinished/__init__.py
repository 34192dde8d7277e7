"""The runs that are not over, as a replay of the journal finds them."""
