"""The format that dump tools write: split a dump into statements, and recognize each of them."""
