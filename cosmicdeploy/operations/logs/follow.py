"""Lines as they are written, from whichever container plays a service."""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import CosmicError, EngineError
from cosmicdeploy.operations.logs.entry import Entry
from cosmicdeploy.operations.logs.source import Source

# How soon a new container is found, and how long lines wait for others that were written before.
LOOK_EVERY, TOGETHER = 0.5, 0.1
# One that cannot be followed is tried again after so many seconds.
AGAIN_AFTER = 5.0
# Somebody who reads slowly must not fill the memory.
QUEUED = 10_000


@dataclass
class _Reader:
    """Follows one container through one life of it."""

    container: Container
    thread: threading.Thread
    began: float = field(default_factory=time.monotonic)

    @property
    def at_work(self) -> bool:
        return self.thread.is_alive()


class Follower:
    """Follows services (service → source) until somebody stops asking. Not reusable."""

    def __init__(self, ctx: Context, sources: Mapping[str, Source]) -> None:
        self._ctx, self._sources = ctx, sources
        self._queue: queue.Queue[Entry] = queue.Queue(QUEUED)
        self._readers: dict[str, list[_Reader]] = {name: [] for name in sources}
        self._over = threading.Event()

    def entries(self, seconds: float | None = None) -> Iterator[Sequence[Entry]]:
        """What was written, some entries at a time in the order of their times, for so many
        seconds; now and then none. Raises `EngineError` where the engine does not answer, after
        what was read until then."""
        end = None if seconds is None else time.monotonic() + seconds
        looked = 0.0
        try:
            while end is None or time.monotonic() < end:
                if time.monotonic() - looked >= LOOK_EVERY:
                    looked = time.monotonic()
                    self._look()
                yield self._taken()
            yield self._rest([])
        except EngineError:
            yield self._rest([])
            raise
        finally:
            self._stop()

    def _taken(self) -> list[Entry]:
        try:
            first = self._queue.get(timeout=TOGETHER)
        except queue.Empty:
            return []
        time.sleep(TOGETHER)
        return self._rest([first])

    def _rest(self, found: list[Entry]) -> list[Entry]:
        """These, and all that waits."""
        with suppress(queue.Empty):
            while len(found) < QUEUED:
                found.append(self._queue.get_nowait())
        return list(by_time(found))

    def _look(self) -> None:
        """See that whoever plays a service is followed, beside the one before it, which may still
        have something to say."""
        for service in self._sources:
            container = self._ctx.container(service)
            if container is not None and self._is_to_follow(service, container):
                self._begin(service, container)

    def _is_to_follow(self, service: str, container: Container) -> bool:
        readers, alone = self._readers[service], self._sources[service].alone
        own = [reader for reader in readers if reader.container.id == container.id]
        if any(reader.at_work for reader in (readers if alone else own)):
            return False
        if not own or own[-1].container.started_at != container.started_at:
            return True
        return container.is_running and time.monotonic() - own[-1].began > AGAIN_AFTER

    def _begin(self, service: str, container: Container) -> None:
        def follow() -> None:
            # Whether it is still there, the next look tells.
            with suppress(CosmicError):
                self._sources[service].follow(container, self._pushing(service), self._over)

        thread = threading.Thread(target=follow, name=f"log of {service}", daemon=True)
        readers = [reader for reader in self._readers[service] if reader.at_work]
        self._readers[service] = [*readers, _Reader(container, thread)]
        thread.start()

    def _pushing(self, service: str) -> Callable[[LogLine], None]:
        return lambda line: self._queue.put(Entry(service=service, line=line))

    def _stop(self) -> None:
        """Let the readers go; one that waits for the next line of a log ends with this process."""
        self._over.set()


def by_time(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Services merged by time; each one's own entries stay in their order, whatever their times."""
    own: dict[str, list[Entry]] = {}
    for entry in entries:
        own.setdefault(entry.service, []).append(entry)
    return heapq.merge(*own.values(), key=lambda entry: entry.line.at)
