"""Merge the events of all collectors: only those of chosen topics, and each transition once.

A transition is a device's change of status. A device flaps if its status changes too often.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import to_cosmic_error
from cosmicdeploy.events import Event, Notice, Warned
from cosmicdeploy.operations.logs.entry import CONTINUES
from cosmicdeploy.operations.monitor.collectors import collectors
from cosmicdeploy.probes.monitor.event import (
    CHANGES,
    DEFAULT_TOPICS,
    FLAPPING,
    MONITOR,
    TRANSITIONS,
    Collector,
    MonitorEvent,
    notice,
)
from cosmicdeploy.probes.monitor.transition import Deduplicator, Flapping

# When this many events are queued, collectors wait, so that a slow caller does not fill the memory.
MAX_QUEUED = 10_000
DEVICE = "device_id"
# Seconds that `events` waits for an event before it yields an empty batch.
BATCH_SECONDS = 0.25
# Seconds between two checks of which devices flap.
FLAPPING_EVERY_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class MonitorOptions:
    """What to monitor, and for how long.

    Only events whose text contains `grep` are reported, with the lines that continue them. The
    monitor's own notices are always reported. `since` is the Unix time of the oldest event to
    report; None for events from now on. `seconds` is the duration; None for as long as the caller
    reads.
    """

    topics: Sequence[str] = DEFAULT_TOPICS
    grep: str = ""
    since: float | None = None
    seconds: float | None = None


class Stream:
    """One monitoring session. Not reusable."""

    def __init__(self, ctx: Context, options: MonitorOptions) -> None:
        self._ctx, self._options = replace(ctx, emit=self._forward), options
        self._queue: queue.Queue[MonitorEvent] = queue.Queue(MAX_QUEUED)
        self._stop = threading.Event()
        self._filter = _Filter(ctx, options)

    def events(self) -> Iterator[Sequence[MonitorEvent]]:
        """Yield batches of events, some of them empty, until `options.seconds` have passed."""
        end = None if self._options.seconds is None else time.monotonic() + self._options.seconds
        yield self._filter.notices()
        for collector in collectors(self._ctx, self._filter.needed, self._options.since):
            threading.Thread(target=self._collect, args=(collector,), daemon=True).start()
        try:
            while end is None or time.monotonic() < end:
                yield list(self._filter(self._next_batch()))
        finally:
            self._stop.set()

    def _collect(self, collector: Collector) -> None:
        try:
            for event in collector(self._stop):
                self._queue.put(event)
        except Exception as error:  # the other collectors continue
            self._queue.put(
                notice(f"a collector failed and is not run again: {to_cosmic_error(error)}")
            )

    def _forward(self, event: Event) -> None:
        if isinstance(event, Notice | Warned):
            self._queue.put(notice(event.text))

    def _next_batch(self) -> list[MonitorEvent]:
        batch: list[MonitorEvent] = []
        with suppress(queue.Empty):
            batch.append(self._queue.get(timeout=BATCH_SECONDS))
            while len(batch) < MAX_QUEUED:
                batch.append(self._queue.get_nowait())
        return batch


class _Filter:
    """Selects events of the chosen topics, drops repeated transitions, and reports flapping."""

    def __init__(self, ctx: Context, options: MonitorOptions) -> None:
        self._options, self._monitoring = options, ctx.settings.monitoring
        limit = self._monitoring.flapping
        self._once, self._flapping = Deduplicator(), Flapping(limit.more_than, limit.seconds)
        self._flapping_checked_at = 0.0
        self._last_matched: dict[str, bool] = {}

    @property
    def needed(self) -> set[str]:
        """The topics to collect: the chosen ones, and transitions if flapping is chosen."""
        topics = set(self._options.topics)
        return topics | {TRANSITIONS} if FLAPPING in topics else topics

    def notices(self) -> list[MonitorEvent]:
        """Return a notice for each topic that is left out or incomplete without its settings."""
        notices = []
        if CHANGES in self._options.topics and not self._monitoring.devices:
            notices.append(notice("changes: left out, monitoring.devices is not set"))
        if TRANSITIONS in self.needed and not self._monitoring.transitions:
            rest = "log lines only" if self._monitoring.transition else "left out"
            notices.append(notice(f"transitions: {rest}, monitoring.transitions is not set"))
        return notices

    def __call__(self, events: Iterable[MonitorEvent]) -> Iterator[MonitorEvent]:
        for event in events:
            if self._is_repeated(event):
                continue
            if event.topic == TRANSITIONS and DEVICE in event.facts:
                self._flapping.count(event)
            if self._is_chosen(event):
                yield event
        elapsed = time.monotonic() - self._flapping_checked_at
        if FLAPPING in self._options.topics and elapsed >= FLAPPING_EVERY_SECONDS:
            self._flapping_checked_at = time.monotonic()
            yield from filter(self._is_chosen, self._flapping.state_changes())
            yield self._flapping.view_event()

    def _is_repeated(self, event: MonitorEvent) -> bool:
        """Whether an earlier event, from another origin, was about the same transition.

        If the topic `transitions` is not chosen, its events only count for flapping and are not
        yielded. In this case an event of the topic `changes` repeats nothing.
        """
        topics = (TRANSITIONS, CHANGES) if TRANSITIONS in self._options.topics else (TRANSITIONS,)
        is_transition = event.topic in topics and DEVICE in event.facts
        return is_transition and not self._once.is_new(event)

    def _is_chosen(self, event: MonitorEvent) -> bool:
        """Whether to yield an event.

        `grep` does not apply to a quiet event, which only updates the view.
        """
        if event.topic == MONITOR:
            return True
        if event.topic not in self._options.topics:
            return False
        return event.quiet or self._matches(event)

    def _matches(self, event: MonitorEvent) -> bool:
        """Whether an event's text contains `grep`, or continues a line that contains it."""
        key = f"{event.topic} {event.source}"
        if self._options.grep in event.text:
            self._last_matched[key] = True
        elif not event.text.startswith(CONTINUES):
            self._last_matched[key] = False
        return self._last_matched.get(key, False)
