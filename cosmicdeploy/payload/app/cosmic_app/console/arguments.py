"""Arguments as Artisan takes them: the same common options, exit code 1 where they are wrong."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import NoReturn

from cosmic_app.console.context import Command, CommandFailed


class Parser(ArgumentParser):
    """Raises `CommandFailed` where argparse would leave with 2."""

    def error(self, message: str) -> NoReturn:
        raise CommandFailed(message)


def parser_for(command: Command) -> Parser:
    """The options of a command and those that all commands share."""
    parser = Parser(prog=f"console {command.name}", description=command.description)
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")
    for flags in (("-n", "--no-interaction"), ("-q", "--quiet"), ("--ansi",), ("--no-ansi",)):
        parser.add_argument(*flags, action="store_true", help="accepted, as in Artisan")
    command.options(parser)
    return parser
