"""Releases of stacks whose services differ: new, removed, replicated, or without a database."""
