"""The runs that the journal and its archive have: each as one entry, for `history` and `report`."""
