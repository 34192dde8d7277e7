"""Checks of the images: secrets that everyone who has the image can read."""
