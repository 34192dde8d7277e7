"""Recognize the framework of the application, and what follows from that."""
