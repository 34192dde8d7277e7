"""The commands of the console. Each file lists its commands in a tuple `COMMANDS`."""
