"""Find the commands in the files of `cosmic_app/commands`."""

from __future__ import annotations

import importlib
import pkgutil
import re

from cosmic_app import commands
from cosmic_app.console.context import Command


def discover() -> dict[str, Command]:
    """Return all commands by name, sorted."""
    by_name: dict[str, Command] = {}
    for module in _modules():
        by_name.update(_commands_of(module))
    return dict(sorted(by_name.items()))


def find(name: str) -> Command | None:
    """Return the command with this name, or None.

    Loads files until one has the command, the file with the most similar name first: loading all
    would take half the total time of a short command.
    """
    for module in sorted(_modules(), key=lambda module: _similarity(module, name), reverse=True):
        if command := _commands_of(module).get(name):
            return command
    return None


def _modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(commands.__path__)]


def _commands_of(module: str) -> dict[str, Command]:
    loaded = importlib.import_module(f"{commands.__name__}.{module}")
    return {command.name: command for command in loaded.COMMANDS}


def _similarity(module: str, command: str) -> float:
    """Return the share, from 0 to 1, of a file name's words that the command's name contains.

    Word endings are ignored: `features` matches `feature`.
    """
    file_words, command_words = module.split("_"), re.split("[:-]", command)
    matches = (any(_same_stem(a, b) for b in command_words) for a in file_words)
    return sum(matches) / len(file_words)


def _same_stem(first: str, second: str) -> bool:
    return first.startswith(second) or second.startswith(first)
