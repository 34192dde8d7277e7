"""What a stack must fulfil before a run begins, and what every run leaves out."""
