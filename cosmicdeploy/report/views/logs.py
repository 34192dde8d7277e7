"""Log lines as people and programs read them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Protocol

from rich.console import Console
from rich.style import Style

from cosmicdeploy.text.formatting import format_time
from cosmicdeploy.text.sanitize import sanitized, terminal_safe_json

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")


class Line(Protocol):
    """What is told of a line: when (nanoseconds since 1970, 0 where nobody knows), and what."""

    @property
    def at(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def is_stderr(self) -> bool: ...


class LogPrinter:
    """Prints lines behind their services' names, as wide as the longest of them.

    Straight to standard output, since there may be many; without what a terminal would obey.
    `times` puts the local time before each.
    """

    def __init__(self, console: Console, services: Sequence[str], *, times: bool) -> None:
        self._times = times
        width = max(map(len, services), default=0)
        system = console._color_system if console.is_terminal and not console.no_color else None
        styles = dict(zip(services, cycle(map(Style.parse, COLOURS)), strict=False))
        self._prefixes = {
            name: style.render(f"{name:<{width}} |", color_system=system)
            for name, style in styles.items()
        }

    def print(self, lines: Iterable[tuple[str, Line]]) -> None:
        """Print lines, each with its service. Raises `BrokenPipeError`."""
        for service, line in lines:
            time = f"{format_time(_moment(line.at))} " if self._times and line.at else ""
            print(f"{self._prefixes[service]} {time}{sanitized(line.text)}")
        sys.stdout.flush()


class JsonLogPrinter:
    """Prints a JSON object a line."""

    def print(self, lines: Iterable[tuple[str, Line]]) -> None:
        """As `LogPrinter.print`; `at` has the zone's offset, and is null where nobody knows it."""
        for service, line in lines:
            at = _moment(line.at).isoformat(timespec="milliseconds") if line.at else None
            stream = "stderr" if line.is_stderr else "stdout"
            row = {"at": at, "service": service, "stream": stream, "text": line.text}
            print(terminal_safe_json(row))
        sys.stdout.flush()


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1e9, UTC).astimezone()
