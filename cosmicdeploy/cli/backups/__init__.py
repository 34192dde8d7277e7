"""The commands of `cosmicdeploy backup`, a file each."""
