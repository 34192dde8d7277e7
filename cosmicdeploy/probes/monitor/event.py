"""The events that collectors yield, as data; `report/monitor` shows them."""

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
    TRANSITIONS: "transitions of devices, from log lines and the database",
    CHANGES: "devices whose status changed recently, from the database",
    FLAPPING: "devices whose status changes too often",
    SCHEDULER: "the scheduler's log",
    APP: "the application's log",
    WORKER: "the queue workers' log",
    DATABASE: "the database's log",
    CACHE: "the cache's log",
    PROXY: "the load balancer's log",
    HEALTH: "containers whose state changed",
    LATENCY: "one request a second through the load balancer",
}
# The load balancer logs every request, and the cache logs nothing that matters, so both are off.
DEFAULT_TOPICS = tuple(topic for topic in TOPICS if topic not in (CACHE, PROXY))


@dataclass(frozen=True, kw_only=True)
class MonitorEvent:
    """Something that happened in the stack at `at` (Unix time).

    `source` is the service, file or table that reported it. `facts` are for the view and for JSON.
    A `quiet` event only updates the view and gets no line of its own. `origin` says how the event
    arrived (container output, log file, database): the same transition may arrive in several ways.
    """

    at: float
    topic: str
    source: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = False
    origin: str = ""


# A function that yields events until the `threading.Event` is set.
Collector = Callable[[threading.Event], Iterator[MonitorEvent]]


def news_start(since: float | None) -> float:
    """Return the Unix time after which events are news: `since`, or now if it is None."""
    return time.time() if since is None else since


def notice(text: str, source: str = MONITOR) -> MonitorEvent:
    """Return an event in which the monitor reports something about itself."""
    return MonitorEvent(at=time.time(), topic=MONITOR, source=source, text=text)


def chosen_topics(words: Sequence[str]) -> tuple[str, ...]:
    """Return the topics in the values of `--only`, which may contain commas.

    Without values, returns the default topics. Raises `UsageError` for an unknown topic.
    """
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    for name in names:
        if name not in TOPICS:
            raise UsageError(
                f"There is no topic {name!r} to monitor",
                where="--only",
                todo=did_you_mean(name, TOPICS) or f"choose from {', '.join(TOPICS)}",
            )
    return tuple(dict.fromkeys(names)) or DEFAULT_TOPICS


def polling_collector(
    what: str, every: float, poll: Callable[[], Iterable[MonitorEvent]]
) -> Collector:
    """Return a collector that calls `poll` every `every` seconds.

    `what` names the polled service in messages. When `poll` begins to fail, and when it succeeds
    again, the collector yields a notice.
    """

    def collect(stop: threading.Event) -> Iterator[MonitorEvent]:
        failing_since = None
        while not stop.is_set():
            try:
                yield from poll()
            except CosmicError as error:
                if failing_since is None:
                    failing_since = time.monotonic()
                    yield notice(f"{what} cannot be queried, trying again: {error.what}")
            else:
                if failing_since is not None:
                    seconds = time.monotonic() - failing_since
                    failing_since = None
                    yield notice(f"{what} can be queried again, after {seconds:.0f} s")
            stop.wait(every)

    return collect


class TopicAvailability:
    """Reports when a topic becomes unavailable, with the reason, and when it is available again."""

    def __init__(self, topic: str) -> None:
        self._topic, self._reason = topic, ""

    def report(self, reason: str) -> Iterator[MonitorEvent]:
        """Yield a notice if `reason` has changed; "" means that the topic is available."""
        if reason == self._reason:
            return
        self._reason = reason
        yield notice(
            f"{self._topic}: unavailable, {reason}" if reason else f"{self._topic}: available now"
        )
