"""The events of `monitor` as lines: plain text for pipes, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from cosmicdeploy.probes.monitor.event import MonitorEvent
from cosmicdeploy.text.formatting import format_time
from cosmicdeploy.text.sanitize import sanitized, terminal_safe_json


class LinePrinter:
    """Prints events as plain lines: local time, topic, source, text."""

    def show(self, events: Sequence[MonitorEvent]) -> None:
        """Print events, except quiet ones, which only the live view uses.

        Raises `BrokenPipeError` if the reader of stdout has gone.
        """
        for event in events:
            if not event.quiet:
                time = format_time(_local_time(event.at))
                print(sanitized(f"{time} {event.topic:<11} {event.source:<16} {event.text}"))
        sys.stdout.flush()


class JsonLines:
    """Prints events as JSON objects, one per line; `at` is the local time with its UTC offset."""

    def show(self, events: Sequence[MonitorEvent]) -> None:
        """Print events, except quiet ones, which only the live view uses.

        Raises `BrokenPipeError` if the reader of stdout has gone.
        """
        for event in events:
            if not event.quiet:
                row = {
                    "at": _local_time(event.at).isoformat(timespec="milliseconds"),
                    "topic": event.topic,
                    "source": event.source,
                    "text": event.text,
                    "facts": dict(event.facts),
                }
                print(terminal_safe_json(row))
        sys.stdout.flush()


def _local_time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone()
