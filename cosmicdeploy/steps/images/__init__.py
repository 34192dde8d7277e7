"""Steps that put the images of a release in place: built here, or pulled from a registry."""
