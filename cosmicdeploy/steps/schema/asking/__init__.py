"""Ask the framework that runs the application's migrations."""
