"""The stack's journal: what runs meant to do, what they did, what they leave to later runs."""
