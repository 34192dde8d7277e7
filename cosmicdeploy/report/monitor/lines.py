"""What is watched, a line each: for pipes, and for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from cosmicdeploy.probes.monitor.event import MonitorEvent
from cosmicdeploy.text.formatting import format_time
from cosmicdeploy.text.sanitize import sanitized, terminal_safe_json


class LinePrinter:
    """Plain lines: the local time, the topic, the source, and what it said."""

    def show(self, sights: Sequence[MonitorEvent]) -> None:
        """Print what is news. Raises `BrokenPipeError`."""
        for sight in sights:
            if not sight.quiet:
                time = format_time(_moment(sight.at))
                print(sanitized(f"{time} {sight.topic:<11} {sight.source:<16} {sight.text}"))
        sys.stdout.flush()


class JsonLines:
    """A JSON object a line; `at` has the zone's offset."""

    def show(self, sights: Sequence[MonitorEvent]) -> None:
        """As `LinePrinter.show`."""
        for sight in sights:
            if not sight.quiet:
                row = {
                    "at": _moment(sight.at).isoformat(timespec="milliseconds"),
                    "topic": sight.topic,
                    "source": sight.source,
                    "text": sight.text,
                    "facts": dict(sight.facts),
                }
                print(terminal_safe_json(row))
        sys.stdout.flush()


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone()
