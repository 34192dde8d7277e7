"""Recognize how a release is named: the variable that holds it, the header that carries it."""
