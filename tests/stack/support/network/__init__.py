"""What a stack under test talks to: a registry, relays that fail, and clients."""
