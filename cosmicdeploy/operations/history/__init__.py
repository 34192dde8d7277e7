"""The runs of a stack as rows for `history`, and the commands that continue from one."""
