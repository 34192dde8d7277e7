"""The format of dump tools: split a dump into statements and recognize each of them."""
