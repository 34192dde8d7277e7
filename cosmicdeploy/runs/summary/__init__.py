"""Write a run's summary into the journal, for `history` and `report`."""
