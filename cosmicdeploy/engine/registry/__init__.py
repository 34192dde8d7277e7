"""Pull images from their registries, and ask a registry what a tag names."""
