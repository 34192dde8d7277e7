"""Steps that run commands: any command, the application's console, features."""
