"""Errors of the command line, such as an unknown option: hints, and with --json a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

from cosmicdeploy.text.sanitize import sanitized

# The message of a usage error → the same message with a hint.
HINTS = {
    "No such command 'abort'.": "No such command 'abort': `cosmicdeploy deploy --abort` undoes an"
    " interrupted deploy or rollback, `cosmicdeploy deploy --abort --accept` keeps what runs",
}


@contextmanager
def reported_usage_errors(words: Sequence[str]) -> Iterator[None]:
    """Add a hint to a usage error, if there is one, and escape the error's control characters.

    `words` are the words of the command line. If they ask for JSON, the error's report is printed
    on stdout. The error is raised again, so that Typer prints it on stderr and exits with 2.
    """
    try:
        yield
    except Exception as error:
        # Checks for an attribute, since the class of usage errors depends on the Typer release.
        if isinstance(message := getattr(error, "message", None), str):
            error.message = sanitized(_hinted(message))  # type: ignore[attr-defined]
            if _asks_for_json(words, getattr(error, "ctx", None)):
                _print_report(error)
        raise


def _hinted(message: str) -> str:
    """Return the message with its hint, which replaces Typer's guess at a similar command."""
    return HINTS.get(message.partition(" Did you mean ")[0], message)


def _asks_for_json(words: Sequence[str], ctx: Any) -> bool:
    """Return whether the command line has --json, and the called command has that option.

    `exec` and `console` do not have it: their words belong to a program in a container. A group of
    commands counts as a command with --json, since the command's name may be what is wrong.
    """
    # What follows "--" is no option of this command line.
    before_separator = list(takewhile(lambda word: word != "--", words))
    command = getattr(ctx, "command", None)
    if "--json" not in before_separator or command is None:
        return False
    return hasattr(command, "commands") or any(each.name == "json" for each in command.params)


def _print_report(error: Any) -> None:
    """Print the error's report on stdout; its command is "" if the command line names none."""
    from cosmicdeploy.cli.edge.edge import Call, failed_report
    from cosmicdeploy.cli.terminal import Terminal
    from cosmicdeploy.errors import UsageError

    path = error.ctx.command_path
    call = Call(command=path.partition(" ")[2], terminal=Terminal(json=True))
    cause = UsageError(error.format_message(), where=path, todo=f"see `{path} --help`")
    print(failed_report(call, cause).to_json())
