"""The commands of the console. Each file here lists its commands in a `COMMANDS` tuple."""
