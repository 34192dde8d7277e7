"""Pull images from their registries, and ask a registry for the digest of a tag."""
