"""Parse arguments as Laravel's Artisan does: the same common options, and exit code 1 on errors."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import NoReturn

from cosmic_app.console.context import Command, CommandFailed


class Parser(ArgumentParser):
    """A parser that raises `CommandFailed` where argparse would exit with code 2."""

    def error(self, message: str) -> NoReturn:
        raise CommandFailed(message)


def parser_for(command: Command) -> Parser:
    """Build a parser with the options of this command and the options of all commands."""
    parser = Parser(prog=f"console {command.name}", description=command.description)
    parser.add_argument("-v", "--verbose", action="store_true", help="show more")
    for flags in (("-n", "--no-interaction"), ("-q", "--quiet"), ("--ansi",), ("--no-ansi",)):
        parser.add_argument(*flags, action="store_true", help="accepted, as in Artisan")
    command.options(parser)
    return parser
