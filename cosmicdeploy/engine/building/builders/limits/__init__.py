"""Find what a builder cannot build as written, before anything is built."""
