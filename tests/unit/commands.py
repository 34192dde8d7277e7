"""Parse cosmicdeploy command lines as the command itself does, without running them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from cosmicdeploy.cli import reference
from cosmicdeploy.cli.app import app

ROOT: Any = typer.main.get_command(app)
# Pipes, redirections and a comment after two spaces: not part of the command.
SHELL_SUFFIX = re.compile(r"\s(?:[|<>&].*)$|\s{2,}\S.*$")


def all_commands() -> Iterator[tuple[str, Any]]:
    """Yield the full name of each command and the command itself."""
    for path, command in reference.commands(ROOT, ("cosmicdeploy",)):
        yield " ".join(path), command


def require_valid(line: str) -> str:
    """Return the name of the command that a line calls.

    Raises `AssertionError` if cosmicdeploy would refuse the line.
    """
    name, *words = shlex.split(SHELL_SUFFIX.sub("", line))
    assert name == "cosmicdeploy", line
    command, path = ROOT, ["cosmicdeploy"]
    while hasattr(command, "commands"):
        if command.invoke_without_command and (not words or words[0].startswith("-")):
            break
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
