"""The five ways to deploy: their commands, and what they need."""
