"""Random damage to every file that the deployer reads: no traceback, and no hang."""
