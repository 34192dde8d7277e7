"""The command `doctor`: what a first deploy would meet on this stack, asked before it.

To add a check, add a file in `checks/` and a line in `catalogue.py`. A check changes nothing, and
does not depend on another one. What it cannot find out, it names.
"""
