"""The live view of the stack: a screen in a terminal, lines elsewhere."""
