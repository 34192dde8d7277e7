"""What the undo of migrations knows from the journal, and what it leaves applied."""
