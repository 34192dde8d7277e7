"""What every command gets."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from cosmic_app import cache
from cosmic_app.settings import Settings

if TYPE_CHECKING:
    import redis
    from pymysql.connections import Connection
    from pymysql.cursors import DictCursor


class CommandFailed(Exception):
    """A command that cannot go on; the message is for the operator."""


@dataclass(frozen=True, kw_only=True)
class Console:
    """The settings, the streams, and connections made on demand."""

    settings: Settings
    environment: Mapping[str, str]
    out: TextIO
    err: TextIO
    verbose: bool = False

    def line(self, text: str = "") -> None:
        """Say a line."""
        print(text, file=self.out, flush=True)

    def error(self, text: str) -> None:
        """Say a line where errors go."""
        print(text, file=self.err, flush=True)

    def connect_database(self) -> Connection[DictCursor]:
        """A new connection. Raises `pymysql.MySQLError`."""
        from cosmic_app import database

        return database.connect(self.settings.database)

    def connect_redis(self, timeout: float = 2.0, *, text: bool = True) -> redis.Redis:
        """A new client; it connects when used. Its answers are text or bytes."""
        return cache.connect(self.settings.redis, timeout=timeout, text=text)


def no_options(parser: ArgumentParser) -> None:
    """For commands that take none."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of the console. `handle` returns the exit code.

    `every_minutes` puts it on the schedule, which passes it over while its `feature` is switched
    off; `long_running` ones log to standard output.
    """

    name: str
    description: str
    handle: Callable[[Console, Namespace], int]
    options: Callable[[ArgumentParser], None] = field(default=no_options)
    every_minutes: int | None = None
    feature: str | None = None
    long_running: bool = False
