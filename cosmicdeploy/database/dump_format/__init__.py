"""What dump tools write: split into statements, each of them recognised."""
