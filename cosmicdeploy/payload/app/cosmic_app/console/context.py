"""The command type, and the context that every command gets."""

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
    """The command cannot continue; the message is for the operator."""


@dataclass(frozen=True, kw_only=True)
class Console:
    """The settings and the output streams; opens connections when a command needs them."""

    settings: Settings
    environment: Mapping[str, str]
    out: TextIO
    err: TextIO
    verbose: bool = False

    def line(self, text: str = "") -> None:
        """Print a line to standard output."""
        print(text, file=self.out, flush=True)

    def error(self, text: str) -> None:
        """Print a line to standard error."""
        print(text, file=self.err, flush=True)

    def connect_database(self) -> Connection[DictCursor]:
        """Open a new connection. Raises `pymysql.MySQLError`."""
        from cosmic_app.database.connection import connect

        return connect(self.settings.database)

    def connect_redis(self, timeout: float = 2.0, *, text: bool = True) -> redis.Redis:
        """Create a client that connects at first use; without `text` it returns bytes.

        `timeout` is in seconds. The client raises `redis.RedisError`.
        """
        return cache.connect(self.settings.redis, timeout=timeout, text=text)


def no_options(parser: ArgumentParser) -> None:
    """Add nothing, for commands without options."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of the console. `handle` returns the exit code.

    A command with `every_minutes` is run by the scheduler, unless its `feature` is switched off.
    A `long_running` command logs to standard output, any other to standard error.
    """

    name: str
    description: str
    handle: Callable[[Console, Namespace], int]
    options: Callable[[ArgumentParser], None] = field(default=no_options)
    every_minutes: int | None = None
    feature: str | None = None
    long_running: bool = False
