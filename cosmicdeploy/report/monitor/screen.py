"""The live view of `monitor` in a terminal."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cosmicdeploy.probes.monitor.event import (
    CHANGES,
    DATABASE,
    FLAPPING,
    HEALTH,
    LATENCY,
    MONITOR,
    SCHEDULER,
    TRANSITIONS,
    MonitorEvent,
)
from cosmicdeploy.text.formatting import counted, format_duration, format_short_timestamp
from cosmicdeploy.text.sanitize import sanitized

GOOD_STATES = ("healthy", "running")
COLORS = {
    TRANSITIONS: "magenta",
    CHANGES: "magenta",
    FLAPPING: "red",
    SCHEDULER: "cyan",
    DATABASE: "blue",
    HEALTH: "yellow",
    LATENCY: "green",
    MONITOR: "bold yellow",
}
# The view prints the time itself, so it drops the timestamp at the start of a log line.
LOG_TIMESTAMP = re.compile(r"^\[\d{4}-\d\d-\d\d[ T][\d:.,+Z-]+\] ")
SOURCE_WIDTH = 16
EVENTS_KEPT = 500
CHANGES_SHOWN = 4
MIN_EVENT_LINES = 3
REFRESHES_PER_SECOND = 4


class LiveView:
    """Shows the current state on top, and the latest events below it.

    Use the view as a context manager: on exit it restores the terminal and prints a summary.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._state: dict[str, Mapping[str, Any]] = {}  # by topic
        self._events: deque[MonitorEvent] = deque(maxlen=EVENTS_KEPT)
        self._counts = Counter[str]()  # of events, by topic
        self._console, self._started = console, time.monotonic()
        self._live = Live(
            self, console=console, screen=True, refresh_per_second=REFRESHES_PER_SECOND
        )

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._live.stop()
        # The alternate screen is gone, and with it everything that the view has shown.
        self._console.print(self._summary(), soft_wrap=True)

    def show(self, events: Sequence[MonitorEvent]) -> None:
        """Add events to the view; quiet ones only update the state on top."""
        for event in events:
            if event.quiet:
                self._state[event.topic] = event.facts
            else:
                self._events.append(event)
                self._counts[event.topic] += 1

    def _summary(self) -> str:
        """Return how long the session lasted, and how many events and failed requests it had."""
        transitions = self._counts[TRANSITIONS]
        parts = [counted(transitions, "transition")] if transitions else []
        others = self._counts.total() - transitions
        parts.append(counted(others, "other event" if transitions else "event"))
        if LATENCY in self._state:
            facts = self._state[LATENCY]
            parts.append(f"{facts['failed_in_all']} of {facts['asked']} requests failed")
        lasted = format_duration(time.monotonic() - self._started)
        return f"{self._title}: ended after {lasted}; {', '.join(parts)}"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the state, and as many of the latest events as fit below it."""
        state: list[RenderableType] = list(self._state_lines())
        height = len(console.render_lines(Group(*state), options.update(height=None)))
        free = max(MIN_EVENT_LINES, (options.height or console.height) - height)
        yield from state
        yield from (event_line(event, options.max_width) for event in list(self._events)[-free:])

    def _state_lines(self) -> Iterator[RenderableType]:
        clock = f"{datetime.now():%H:%M:%S}"
        yield Text(f"{self._title}  {clock}  Ctrl-C ends it", style="bold", no_wrap=True)
        if LATENCY in self._state:
            yield _latency(self._state[LATENCY])
        if HEALTH in self._state:
            yield _containers(self._state[HEALTH]["rows"])
        if FLAPPING in self._state:
            yield _flapping(self._state[FLAPPING]["rows"])
        if CHANGES in self._state:
            yield from _changes(self._state[CHANGES]["rows"])
        yield Rule(style="dim")


def event_line(event: MonitorEvent, width: int) -> Text:
    """Return an event as one line, cut to `width` columns."""
    line = Text(no_wrap=True, end="\n")
    line.append(f"{_clock(event.at)} ", style="dim")
    source = shorten_source(event.source)
    line.append(f"{source:<{SOURCE_WIDTH}} ", style=COLORS.get(event.topic, ""))
    text = sanitized(LOG_TIMESTAMP.sub("", event.text.replace("\t", " ")))
    line.append(text, style=_text_style(event))
    line.truncate(width, overflow="ellipsis")
    return line


def shorten_source(source: str) -> str:
    """Cut a source's name to its column; keep the end, where the names of replicas differ."""
    return source if len(source) <= SOURCE_WIDTH else f"…{source[1 - SOURCE_WIDTH :]}"


def _text_style(event: MonitorEvent) -> str:
    if event.facts.get("error"):
        return "red"
    if event.topic in (MONITOR, FLAPPING, HEALTH):
        return "bold"
    return ""


def _latency(facts: Mapping[str, Any]) -> Text:
    color = "red" if facts["failed"] else "green"
    line = Text("load balancer  ", no_wrap=True)
    line.append(f"{facts['failed']} of {facts['sent']} failed", style=color)
    line.append(f", p50 {facts['p50_ms']:.1f}, p99 {facts['p99_ms']:.1f},")
    return line.append(f" max {facts['max_ms']:.1f} ms")


def _containers(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    for column in ("service", "state", "release", "restarts", "since"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        color = "green" if row["state"] in GOOD_STATES else "red"
        state = Text(row["state"], style=color)
        since = format_short_timestamp(row["since"])
        table.add_row(row["service"], state, row["release"], str(row["restarts"]), since)
    return table


def _flapping(rows: Sequence[Mapping[str, Any]]) -> Text:
    names = ", ".join(f"{row['device_name']} ({row['transitions']})" for row in rows)
    style = "red bold" if rows else "dim"
    return Text(f"flapping       {names or 'none'}", style=style, no_wrap=True, overflow="ellipsis")


def _changes(rows: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    yield Text(f"changed last   {counted(len(rows), 'device')}", style="dim", no_wrap=True)
    for row in rows[:CHANGES_SHOWN]:
        before = f"{row['from_status']} → " if row.get("from_status") else ""
        why = f" ({row['reason']})" if row.get("reason") else ""
        change = f"  {_clock(row['at'])} {row['device_name']}: {before}{row['to_status']}{why}"
        yield Text(change, no_wrap=True, overflow="ellipsis")


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%H:%M:%S}"
