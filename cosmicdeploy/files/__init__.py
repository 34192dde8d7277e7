"""Files: bounded reads, atomic writes, and the files that are shipped with cosmicdeploy."""
