"""Entry point of the console: find the command, run it, print its error in one line."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence

from cosmic_app.cache import redis_error
from cosmic_app.console.arguments import parser_for
from cosmic_app.console.context import Command, CommandFailed, Console
from cosmic_app.console.registry import discover, find
from cosmic_app.log import configure_logging
from cosmic_app.settings import Settings, read_settings


def main(argv: Sequence[str]) -> int:
    """Run the command that the arguments name; return its exit code, 1 for any error."""
    try:
        settings = read_settings(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    name, *rest = argv or ["list"]
    if name in ("-V", "--version"):
        print(f"Cosmic Media Streaming {settings.release}")
        return 0
    return run(settings, name, rest)


def run(settings: Settings, name: str, argv: Sequence[str]) -> int:
    """Run the command with this name and return its exit code."""
    command = find(name)
    if command is None:
        print(unknown_command_message(name, discover()), file=sys.stderr)
        return 1
    try:
        options = parser_for(command).parse_args(argv)
        console = prepare(settings, command, options)
        return command.handle(console, options)
    except expected_errors() as error:
        print(f"\n  {describe(error)}\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def prepare(settings: Settings, command: Command, options: Namespace) -> Console:
    """Set up logging and create the context. Only long-running commands log to standard output."""
    configure_logging(settings.log_file, sys.stdout if command.long_running else sys.stderr)
    return Console(
        settings=settings,
        environment=os.environ,
        out=sys.stdout,
        err=sys.stderr,
        verbose=options.verbose,
    )


def expected_errors() -> tuple[type[Exception], ...]:
    """Return the errors that are no bug in the code; the operator sees only their message.

    Called only after an error, since it imports PyMySQL and the Redis library: a command that needs
    neither would spend a quarter of its time or more on that.
    """
    import pymysql

    from cosmic_app.database.session import DatabaseUnavailable

    return (CommandFailed, DatabaseUnavailable, OSError, pymysql.MySQLError, redis_error())


def describe(error: BaseException) -> str:
    """Describe an error in one line."""
    import pymysql

    if isinstance(error, pymysql.MySQLError) and len(error.args) > 1:
        return f"SQLSTATE: {error.args[0]} {error.args[1]}"
    return str(error)


def unknown_command_message(name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown command, with similar names."""
    import difflib  # slow to import, and rarely needed

    lines = ["", f'  Command "{name}" is not defined.', ""]
    near = difflib.get_close_matches(name, list(known))
    if near:
        lines += ["  Did you mean one of these?", *(f"      {match}" for match in near), ""]
    return "\n".join(lines)
