"""Log lines of services as sights: transitions by themselves, the rest under the service's role."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.operations.logs.entry import Entry
from cosmicdeploy.operations.logs.follow import Follower
from cosmicdeploy.operations.logs.past import past
from cosmicdeploy.operations.logs.source import Source
from cosmicdeploy.probes.monitor.event import TRANSITIONS, Sight, said
from cosmicdeploy.probes.monitor.transition import transition
from cosmicdeploy.probes.monitor.transition_lines import Found, TransitionLines

# An engine that is away is asked again after so many seconds.
AGAIN_AFTER = 2.0


class LogLines:
    """A collector of what services (service → source) write, through every replacement.

    `topics` has each service's; `origin` tells outputs from files.
    """

    def __init__(
        self, ctx: Context, sources: Mapping[str, Source], topics: Mapping[str, str], origin: str
    ) -> None:
        self._ctx, self._sources, self._topics, self._origin = ctx, sources, topics, origin
        words = ctx.settings.monitoring.transition
        self._lines = {service: TransitionLines(words) for service in sources}

    def __call__(self, stop: threading.Event) -> Iterator[Sight]:
        away = False
        for entries in self._all(stop):
            if isinstance(entries, EngineError):
                if not away:
                    yield said(f"logs cannot be read, trying on: {entries.what}")
                away = True
                stop.wait(AGAIN_AFTER)
                continue
            if away:
                yield said("logs are read again, from where they were left")
            away = False
            for entry in entries:
                yield from self._told(entry)

    def _all(self, stop: threading.Event) -> Iterator[list[Entry] | EngineError]:
        """What was written, then what is; an error is no end."""
        begun = False
        while not stop.is_set():
            try:
                if not begun:
                    yield list(past(self._ctx, self._sources))
                    begun = True
                for entries in Follower(self._ctx, self._sources).entries():
                    yield list(entries)
                    if stop.is_set():
                        return
            except EngineError as error:
                yield error

    def _told(self, entry: Entry) -> Iterator[Sight]:
        for found in self._lines[entry.service].take(entry.line.text):
            yield self._sight(entry, found)

    def _sight(self, entry: Entry, found: Found) -> Sight:
        at = entry.line.at / 1e9 or time.time()
        if found.context:
            return transition(at, entry.service, found.context, self._origin)
        facts = {"error": True} if entry.line.is_stderr else {}
        topic = self._topics[entry.service] if found.context is None else TRANSITIONS
        return Sight(at=at, topic=topic, source=entry.service, text=found.text, facts=facts)
