"""What a plain value of a compose file means to Compose v2: numbers, dates, words of a command."""
