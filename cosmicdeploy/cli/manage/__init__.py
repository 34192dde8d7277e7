"""Commands for work by hand: exec, shell, console, features, init, lock, migrate."""
