"""Turn the recognized facts into settings, and the settings into commented YAML."""
