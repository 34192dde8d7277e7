"""Turn log lines into events of the monitor.

A line that reports a transition (a device's change of status) has the topic of transitions; any
other line has the topic of its service.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.logs.entry import Entry
from cosmicdeploy.operations.logs.follow import Follower
from cosmicdeploy.operations.logs.past import past
from cosmicdeploy.operations.logs.source import Source
from cosmicdeploy.probes.monitor.event import TRANSITIONS, MonitorEvent, notice
from cosmicdeploy.probes.monitor.transition import transition
from cosmicdeploy.probes.monitor.transition_lines import ParsedLine, TransitionLines

# Seconds until the next attempt after an error of the engine.
RETRY_AFTER = 2.0


class LogLines:
    """A collector that yields an event for each log line, even while containers are replaced.

    `sources` maps each service to its log, and `topics` to the topic of its lines. `origin` says
    where the lines come from, "output" or "file", because both may report the same transition.
    """

    def __init__(
        self, ctx: Context, sources: Mapping[str, Source], topics: Mapping[str, str], origin: str
    ) -> None:
        self._ctx, self._sources, self._topics, self._origin = ctx, sources, topics, origin
        words = ctx.settings.monitoring.transition
        self._parsers = {service: TransitionLines(words) for service in sources}

    def __call__(self, stop: threading.Event) -> Iterator[MonitorEvent]:
        is_failing = False
        for entries in self._batches(stop):
            if isinstance(entries, EngineError):
                if not is_failing:
                    yield notice(f"logs cannot be read, trying again: {entries.what}")
                is_failing = True
                stop.wait(RETRY_AFTER)
                continue
            if is_failing:
                yield notice("logs are read again, from where they stopped")
            is_failing = False
            for entry in entries:
                yield from self._events(entry)

    def _batches(self, stop: threading.Event) -> Iterator[list[Entry] | EngineError]:
        """Yield past entries, then new entries; if reading fails, yield the error and try again."""
        past_is_read = False
        while not stop.is_set():
            try:
                if not past_is_read:
                    yield list(past(self._ctx, self._sources))
                    past_is_read = True
                for entries in Follower(self._ctx, self._sources).entries():
                    yield list(entries)
                    if stop.is_set():
                        return
            except EngineError as error:
                yield error

    def _events(self, entry: Entry) -> Iterator[MonitorEvent]:
        for line in self._parsers[entry.service].take(entry.line.text):
            yield self._event(entry, line)

    def _event(self, entry: Entry, line: ParsedLine) -> MonitorEvent:
        at = entry.line.at / 1e9 or time.time()  # the line's time is 0 if it is unknown
        if line.context:
            return transition(at, entry.service, line.context, self._origin)
        # The context is None for an ordinary line, and {} for a transition with unreadable JSON.
        facts = {"error": True} if entry.line.is_stderr else {}
        topic = self._topics[entry.service] if line.context is None else TRANSITIONS
        return MonitorEvent(at=at, topic=topic, source=entry.service, text=line.text, facts=facts)
