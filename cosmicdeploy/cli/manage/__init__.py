"""Commands for manual work: exec, shell, console, features, init, lock, migrate."""
