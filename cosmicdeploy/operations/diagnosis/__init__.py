"""The command `diagnose`: frequent troubles, each with checks, findings and remedies.

A trouble is a file in `checks/` and a row in `diagnose.py`. Checks change nothing. A remedy is made
of steps that run under the lock and are journalled, as in every run; the checks run again after it.
"""
