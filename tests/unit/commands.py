"""Command lines of cosmicdeploy read as the command itself reads them, and nothing run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from cosmicdeploy.cli import reference
from cosmicdeploy.cli.app import app

ROOT: Any = typer.main.get_command(app)
# What a shell does with the rest of a line is no part of the command.
SHELL = re.compile(r"\s(?:[|<>&].*)$|\s{2,}\S.*$")


def all_commands() -> Iterator[tuple[str, Any]]:
    """Each with the words that call it."""
    for path, command in reference.commands(ROOT, ("cosmicdeploy",)):
        yield " ".join(path), command


def require_valid(line: str) -> str:
    """The command that a line calls; raises `AssertionError` for one that cosmicdeploy refuses."""
    name, *words = shlex.split(SHELL.sub("", line))
    assert name == "cosmicdeploy", line
    command, path = ROOT, ["cosmicdeploy"]
    while hasattr(command, "commands"):
        assert words and words[0] in command.commands, f"no such command: {line}"
        command = command.commands[words[0]]
        path.append(words.pop(0))
    _parse(command, words, line)
    return " ".join(path)


def _parse(command: Any, words: Sequence[str], line: str) -> None:
    try:
        command.make_context(line, list(words), **(command.context_settings or {}))
    except Exception as error:
        raise AssertionError(f"{line}: {error}") from error
