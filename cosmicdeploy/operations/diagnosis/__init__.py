"""What goes wrong most often, as checks with findings and remedies: `cosmicdeploy diagnose`.

A trouble is a file of its own, and a row of `troubles.py`. Checks change nothing; a remedy is steps
that run as any others do, under the lock and in the journal, and after it the checks run again.
"""
