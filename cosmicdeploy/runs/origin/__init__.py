"""Find out where a run is started from: host, operator, CI job, and commit."""
