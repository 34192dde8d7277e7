"""The kinds of steps that a playbook may name."""
