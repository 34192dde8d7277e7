"""The commands of `cosmicdeploy backup`, one file for each."""
