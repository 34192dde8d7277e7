"""What all collectors saw, in one stream: each transition once, and only what is wanted."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from cosmicdeploy.context import Context
from cosmicdeploy.errors import to_cosmic_error
from cosmicdeploy.events import Event, Notice, Warned
from cosmicdeploy.operations.logs.entry import GOES_ON
from cosmicdeploy.operations.monitor.collectors import collectors
from cosmicdeploy.probes.monitor.event import (
    BY_DEFAULT,
    CHANGES,
    FLAPPING,
    TRANSITIONS,
    WATCH,
    Collector,
    Sight,
    said,
)
from cosmicdeploy.probes.monitor.transition import Flapping, Once

# Somebody who reads slowly must not fill the memory.
QUEUED = 10_000
DEVICE = "device_id"
TOGETHER = 0.25
TURNS_EVERY = 1.0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Topics; a text that lines must have; the Unix time from which on, None for from now on; for
    how many seconds, None for as long as somebody asks."""

    topics: Sequence[str] = BY_DEFAULT
    grep: str = ""
    since: float | None = None
    seconds: float | None = None


class Stream:
    """One watch. Not reusable."""

    def __init__(self, ctx: Context, wanted: Wanted) -> None:
        self._ctx, self._wanted = replace(ctx, emit=self._notice), wanted
        self._found: queue.Queue[Sight] = queue.Queue(QUEUED)
        self._over = threading.Event()
        self._choice = _Choice(ctx, wanted)

    def sights(self) -> Iterator[Sequence[Sight]]:
        """What was seen, some at a time; now and then none. Ends after `wanted.seconds`."""
        end = None if self._wanted.seconds is None else time.monotonic() + self._wanted.seconds
        yield self._choice.left_out()
        for collector in collectors(self._ctx, self._choice.needed, self._wanted.since):
            threading.Thread(target=self._feed, args=(collector,), daemon=True).start()
        try:
            while end is None or time.monotonic() < end:
                yield list(self._choice(self._taken()))
        finally:
            self._over.set()

    def _feed(self, collector: Collector) -> None:
        try:
            for sight in collector(self._over):
                self._found.put(sight)
        except Exception as error:  # the others go on, and it is told which one does not
            self._found.put(said(f"a part is no longer watched: {to_cosmic_error(error)}"))

    def _notice(self, event: Event) -> None:
        if isinstance(event, Notice | Warned):
            self._found.put(said(event.text))

    def _taken(self) -> list[Sight]:
        taken: list[Sight] = []
        with suppress(queue.Empty):
            taken.append(self._found.get(timeout=TOGETHER))
            while len(taken) < QUEUED:
                taken.append(self._found.get_nowait())
        return taken


class _Choice:
    """Lets through what is wanted, and adds what follows from it."""

    def __init__(self, ctx: Context, wanted: Wanted) -> None:
        self._wanted, self._monitoring = wanted, ctx.settings.monitoring
        limit = self._monitoring.flapping
        self._once, self._flapping = Once(), Flapping(limit.more_than, limit.seconds)
        self._turned = 0.0
        self._on: dict[str, bool] = {}

    @property
    def needed(self) -> set[str]:
        """Flapping is counted from transitions."""
        topics = set(self._wanted.topics)
        return topics | {TRANSITIONS} if FLAPPING in topics else topics

    def left_out(self) -> list[Sight]:
        """Of what is wanted, what the settings do not tell how to see."""
        found = []
        if CHANGES in self._wanted.topics and not self._monitoring.devices:
            found.append(said("changes: left out, monitoring.devices names no table"))
        if TRANSITIONS in self.needed and not self._monitoring.transitions:
            told = "log lines only" if self._monitoring.transition else "left out"
            found.append(said(f"transitions: {told}, monitoring.transitions names no table"))
        return found

    def __call__(self, sights: Iterable[Sight]) -> Iterator[Sight]:
        for sight in sights:
            if self._is_told_already(sight):
                continue
            if sight.topic == TRANSITIONS and DEVICE in sight.facts:
                self._flapping.count(sight)
            if self._is_wanted(sight):
                yield sight
        if FLAPPING in self._wanted.topics and time.monotonic() - self._turned >= TURNS_EVERY:
            self._turned = time.monotonic()
            yield from filter(self._is_wanted, self._flapping.turns())
            yield self._flapping.now()

    def _is_told_already(self, sight: Sight) -> bool:
        ways = (TRANSITIONS, CHANGES) if TRANSITIONS in self._wanted.topics else (TRANSITIONS,)
        once = sight.topic in ways and DEVICE in sight.facts
        return once and not self._once.is_new(sight)

    def _is_wanted(self, sight: Sight) -> bool:
        if sight.topic == WATCH:
            return True
        if sight.topic not in self._wanted.topics:
            return False
        return sight.quiet or self._has_text(sight)

    def _has_text(self, sight: Sight) -> bool:
        """As `logs --grep`: a line that goes on from one that is wanted is wanted, too."""
        key = f"{sight.topic} {sight.source}"
        if self._wanted.grep in sight.text:
            self._on[key] = True
        elif not sight.text.startswith(GOES_ON):
            self._on[key] = False
        return self._on.get(key, False)
