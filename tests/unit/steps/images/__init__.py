"""The steps that put images in place."""
