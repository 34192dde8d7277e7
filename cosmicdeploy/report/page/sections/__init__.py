"""The sections of a run's page, each made from the run's entry in the journal."""
