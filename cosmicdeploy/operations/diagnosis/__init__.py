"""The command `diagnose`: checks for known problems, and remedies for what the checks find.

To add a known problem, add a file in `checks/` and a line in `diagnose.py`. Checks change nothing.
A finding about the state of services names these services, so that no other finding of the same
call contradicts the first one (`consistency.py`). The steps of a remedy run under the lock and are
recorded in the journal, as in every run. Then the checks run again.
"""
