"""The console's entry: find the command, run it, say plainly what went wrong."""

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
    """Run one command; its exit code. 1 for whatever goes wrong, as in Artisan."""
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
    """Run the command of this name with these arguments."""
    command = find(name)
    if command is None:
        print(undefined(name, discover()), file=sys.stderr)
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
    """Logging and context for one run. Standard output belongs to the command's own words."""
    configure_logging(settings.log_file, sys.stdout if command.long_running else sys.stderr)
    return Console(
        settings=settings,
        environment=os.environ,
        out=sys.stdout,
        err=sys.stderr,
        verbose=options.verbose,
    )


def expected_errors() -> tuple[type[Exception], ...]:
    """What goes wrong without anybody's mistake in the code.

    The database's library takes a quarter of the time of a command that needs none, and Redis's
    longer: they are loaded by whoever needs them.
    """
    import pymysql

    from cosmic_app.database import DatabaseUnavailable

    return (CommandFailed, DatabaseUnavailable, OSError, pymysql.MySQLError, redis_error())


def describe(error: BaseException) -> str:
    """An error in one line."""
    import pymysql

    if isinstance(error, pymysql.MySQLError) and len(error.args) > 1:
        return f"SQLSTATE: {error.args[0]} {error.args[1]}"
    return str(error)


def undefined(name: str, known: Iterable[str]) -> str:
    """What to say of a command that is not there."""
    import difflib  # slow to import, and most commands are there

    lines = ["", f'  Command "{name}" is not defined.', ""]
    near = difflib.get_close_matches(name, list(known))
    if near:
        lines += ["  Did you mean one of these?", *(f"      {match}" for match in near), ""]
    return "\n".join(lines)
