"""Deploy a docker-compose production stack in steps that can be repeated and undone."""

__version__ = "0.1.0"
