"""The stack as it lives: collectors, each of which looks at one thing and yields what it saw."""
