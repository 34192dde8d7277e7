"""Collectors of the monitor: each looks at one part of the stack and yields events."""
