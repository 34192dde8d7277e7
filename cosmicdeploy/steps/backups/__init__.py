"""Steps that back up and restore, and pruning."""
