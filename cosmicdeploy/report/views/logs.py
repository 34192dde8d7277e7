"""Print log lines as text or as JSON."""

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

COLORS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")


class Line(Protocol):
    """A log line; `at` is a Unix time in nanoseconds, 0 if unknown."""

    @property
    def at(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def is_stderr(self) -> bool: ...


class LogPrinter:
    """Prints log lines, each after its service's name; `times` adds each line's local time.

    The console only says which colors to use: the lines go directly to stdout, since rich's console
    is slow for many lines. Escapes control characters.
    """

    def __init__(self, console: Console, services: Sequence[str], *, times: bool) -> None:
        self._times = times
        width = max(map(len, services), default=0)
        system = console._color_system if console.is_terminal and not console.no_color else None
        styles = dict(zip(services, cycle(map(Style.parse, COLORS)), strict=False))
        self._prefixes = {
            name: style.render(f"{name:<{width}} |", color_system=system)
            for name, style in styles.items()
        }

    def print(self, lines: Iterable[tuple[str, Line]]) -> None:
        """Print lines, each given with its service. Raises `BrokenPipeError`."""
        for service, line in lines:
            time = f"{format_time(_local_time(line.at))} " if self._times and line.at else ""
            print(f"{self._prefixes[service]} {time}{sanitized(line.text)}")
        sys.stdout.flush()


class JsonLogPrinter:
    """Prints one JSON object per line."""

    def print(self, lines: Iterable[tuple[str, Line]]) -> None:
        """Print lines, each given with its service. Raises `BrokenPipeError`.

        `at` is the local time in ISO 8601 with its UTC offset; null if unknown.
        """
        for service, line in lines:
            at = _local_time(line.at).isoformat(timespec="milliseconds") if line.at else None
            stream = "stderr" if line.is_stderr else "stdout"
            row = {"at": at, "service": service, "stream": stream, "text": line.text}
            print(terminal_safe_json(row))
        sys.stdout.flush()


def _local_time(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).astimezone()
