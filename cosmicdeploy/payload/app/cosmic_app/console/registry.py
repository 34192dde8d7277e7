"""Finds the commands: whatever files there are in `cosmic_app/commands`."""

from __future__ import annotations

import importlib
import pkgutil
import re

from cosmic_app import commands
from cosmic_app.console.context import Command


def discover() -> dict[str, Command]:
    """All commands by name, in the order of their names."""
    found: dict[str, Command] = {}
    for module in _modules():
        found.update(_commands_of(module))
    return dict(sorted(found.items()))


def find(name: str) -> Command | None:
    """The command of this name, or None.

    The files of all commands take half as long to load as a short command takes in all, so the
    file that is named most like it is looked into first.
    """
    for module in sorted(_modules(), key=lambda module: _likeness(module, name), reverse=True):
        if command := _commands_of(module).get(name):
            return command
    return None


def _modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(commands.__path__)]


def _commands_of(module: str) -> dict[str, Command]:
    loaded = importlib.import_module(f"{commands.__name__}.{module}")
    return {command.name: command for command in loaded.COMMANDS}


def _likeness(module: str, command: str) -> float:
    """The share of the file's words, from 0 to 1, that are in the command, bar their endings."""
    words, named = module.split("_"), re.split("[:-]", command)
    return sum(any(_alike(word, other) for other in named) for word in words) / len(words)


def _alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
