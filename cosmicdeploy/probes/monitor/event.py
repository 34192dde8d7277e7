"""The events that collectors yield, as data; `report/monitor` makes lines and a view of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.text.suggest import did_you_mean

TRANSITIONS, CHANGES, FLAPPING = "transitions", "changes", "flapping"
SCHEDULER, APP, WORKER, DATABASE = "scheduler", "app", "worker", "database"
CACHE, PROXY = "cache", "proxy"
HEALTH, LATENCY = "health", "latency"
# The topic of the monitor's own notices, which `--only` never leaves out.
MONITOR = "monitor"

TOPICS: Mapping[str, str] = {
    TRANSITIONS: "devices that changed their status, from log lines and the database",
    CHANGES: "devices whose status changed last, from the database",
    FLAPPING: "devices that change too often",
    SCHEDULER: "the scheduler's log",
    APP: "the application's log",
    WORKER: "the queue workers' log",
    DATABASE: "the database's log",
    CACHE: "the cache's log",
    PROXY: "the load balancer's log",
    HEALTH: "containers that changed",
    LATENCY: "one request a second through the load balancer",
}
# The load balancer logs every request, the cache nothing that matters.
BY_DEFAULT = tuple(topic for topic in TOPICS if topic not in (CACHE, PROXY))


@dataclass(frozen=True, kw_only=True)
class MonitorEvent:
    """Something that happened at `at` (Unix time).

    `source` is the service, file or table that reported it. `facts` are for programs and the view.
    A `quiet` event is no news: it only updates the view. `origin` names the path on which the event
    arrived, where the same event may arrive on another path as well.
    """

    at: float
    topic: str
    source: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = False
    origin: str = ""


# Yields events until the given event is set.
Collector = Callable[[threading.Event], Iterator[MonitorEvent]]


def news_since(since: float | None) -> float:
    """Return the Unix time from which on events are news; now where none is given."""
    return time.time() if since is None else since


def notice(text: str, source: str = MONITOR) -> MonitorEvent:
    """Return an event in which the monitor reports about itself."""
    return MonitorEvent(at=time.time(), topic=MONITOR, source=source, text=text)


def chosen_topics(words: Sequence[str]) -> tuple[str, ...]:
    """Return the topics in these words, which may contain commas; the default topics for none.

    Raises `UsageError` for an unknown topic.
    """
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    for name in names:
        if name not in TOPICS:
            raise UsageError(
                f"There is no topic {name!r} to monitor",
                where=f"--only: {', '.join(TOPICS)}",
                todo=did_you_mean(name, TOPICS) or "name some of these",
            )
    return tuple(dict.fromkeys(names)) or BY_DEFAULT


def polled(what: str, every: float, look: Callable[[], Iterable[MonitorEvent]]) -> Collector:
    """Return a collector that calls `look` every so many seconds.

    A failure is reported once, and once more when `look` succeeds again.
    """

    def collect(stop: threading.Event) -> Iterator[MonitorEvent]:
        failing_since = None
        while not stop.is_set():
            try:
                yield from look()
            except CosmicError as error:
                if failing_since is None:
                    failing_since = time.monotonic()
                    yield notice(f"{what} does not answer, trying again: {error.what}")
            else:
                if failing_since is not None:
                    seconds = time.monotonic() - failing_since
                    failing_since = None
                    yield notice(f"{what} answers again, after {seconds:.0f} s")
            stop.wait(every)

    return collect


class LeftOut:
    """Reports once why a topic is left out, and once when it is monitored after all."""

    def __init__(self, topic: str) -> None:
        self._topic, self._reason = topic, ""

    def report(self, reason: str) -> Iterator[MonitorEvent]:
        """Yield a notice if the reason has changed; "" means that the topic is monitored."""
        if reason == self._reason:
            return
        self._reason = reason
        yield notice(
            f"{self._topic}: left out, {reason}" if reason else f"{self._topic}: monitored now"
        )
