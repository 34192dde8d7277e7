"""What a framework answers if it is asked what is pending: one file for each form of the answer."""
