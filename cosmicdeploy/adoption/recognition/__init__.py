"""Recognize roles, ports, health paths and the rest; each fact has its evidence.

A recognizer is a function that returns a `Fact`, or None if it sees nothing. `first_fact` asks
several, the strongest evidence first.
"""
