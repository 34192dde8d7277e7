"""Recognize the database and the cache, and the variables of their passwords."""
