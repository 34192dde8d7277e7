"""What migrations would do and what they did: the console's words and SQL, judged without a run."""
