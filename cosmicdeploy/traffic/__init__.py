"""What clients meet during a change: responses, their statistics, and maintenance."""
