"""Finds the commands: whatever files there are in `cosmic_app/commands`."""

from __future__ import annotations

import importlib
import pkgutil

from cosmic_app import commands
from cosmic_app.console.context import Command


def discover() -> dict[str, Command]:
    """All commands by name, in the order of their names."""
    found: dict[str, Command] = {}
    for module in pkgutil.iter_modules(commands.__path__):
        loaded = importlib.import_module(f"{commands.__name__}.{module.name}")
        found.update({command.name: command for command in loaded.COMMANDS})
    return dict(sorted(found.items()))
