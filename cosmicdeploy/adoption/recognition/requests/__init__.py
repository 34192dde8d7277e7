"""Recognize how an application is requested: port, health path, and the address of its clients."""
