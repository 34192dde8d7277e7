"""What collectors yield, as data; reports make lines and a view from it."""

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
# What the watch says of itself; no choice leaves it out.
WATCH = "watch"

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
# The load balancer tells of every request, the cache of nothing that matters.
BY_DEFAULT = tuple(topic for topic in TOPICS if topic not in (CACHE, PROXY))

PAUSE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Something that was seen at a moment (Unix time).

    `source` is the service, file or table that told it. `facts` are for programs and for the view.
    A `quiet` one is no news: it only keeps the view up to date. `origin` names the way on which it
    came, where the same may be seen on another way, too.
    """

    at: float
    topic: str
    source: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = False
    origin: str = ""


# Runs until it is told to stop.
Collector = Callable[[threading.Event], Iterator[Sight]]


def begin(since: float | None) -> float:
    """The Unix time from which on there is news."""
    return time.time() if since is None else since


def said(text: str, source: str = WATCH) -> Sight:
    """What the watch has to say of itself."""
    return Sight(at=time.time(), topic=WATCH, source=source, text=text)


def chosen_topics(words: Sequence[str]) -> tuple[str, ...]:
    """Topics from words that may have commas; all that are of interest by default.

    Raises `UsageError`.
    """
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    for name in names:
        if name not in TOPICS:
            raise UsageError(
                f"There is nothing {name!r} to watch",
                where=f"--only: {', '.join(TOPICS)}",
                todo=did_you_mean(name, TOPICS) or "name some of these",
            )
    return tuple(dict.fromkeys(names)) or BY_DEFAULT


def polled(what: str, every: float, look: Callable[[], Iterable[Sight]]) -> Collector:
    """A collector that looks again and again, every so many seconds. What is away for a while is
    said once, and again when it is back."""

    def collect(stop: threading.Event) -> Iterator[Sight]:
        away_since = None
        while not stop.is_set():
            try:
                yield from look()
            except CosmicError as error:
                if away_since is None:
                    away_since = time.monotonic()
                    yield said(f"{what} does not answer, looking on: {error.what}")
            else:
                if away_since is not None:
                    gone = time.monotonic() - away_since
                    away_since = None
                    yield said(f"{what} answers again, after {gone:.0f} s")
            stop.wait(every)

    return collect


class LeftOut:
    """Tells once why something is not watched, and once when it is."""

    def __init__(self, topic: str) -> None:
        self._topic, self._told = topic, ""

    def tell(self, reason: str) -> Iterator[Sight]:
        """With "" there is no reason (any more)."""
        if reason == self._told:
            return
        self._told = reason
        yield said(
            f"{self._topic}: left out, {reason}" if reason else f"{self._topic}: watched now"
        )
