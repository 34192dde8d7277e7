"""The console's commands: a file here is a command, as soon as it has a `COMMANDS` tuple."""
