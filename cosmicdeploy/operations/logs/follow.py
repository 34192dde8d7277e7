"""New log lines of services, also while their containers are replaced."""

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

# Seconds between two looks for new containers, and how long a line waits for older ones.
LOOK_EVERY, BATCH_SECONDS = 0.5, 0.1
# Seconds until a container that could not be followed is tried again.
RETRY_AFTER = 5.0
# A reader that is slow must not fill the memory: followers wait when so many lines are queued.
QUEUED = 10_000


@dataclass
class _Reader:
    """Follows one container from one start of it to its end."""

    container: Container
    thread: threading.Thread
    began: float = field(default_factory=time.monotonic)

    @property
    def is_running(self) -> bool:
        return self.thread.is_alive()


class Follower:
    """Follows services (service → source) for as long as the caller reads. Not reusable."""

    def __init__(self, ctx: Context, sources: Mapping[str, Source]) -> None:
        self._ctx, self._sources = ctx, sources
        self._queue: queue.Queue[Entry] = queue.Queue(QUEUED)
        self._readers: dict[str, list[_Reader]] = {name: [] for name in sources}
        self._over = threading.Event()

    def entries(self, seconds: float | None = None) -> Iterator[Sequence[Entry]]:
        """Yield new entries, several at a time and sorted by time, and now and then none.

        Ends after `seconds`, if given. Raises `EngineError` if the engine does not answer, after
        the entries read until then.
        """
        end = None if seconds is None else time.monotonic() + seconds
        looked = 0.0
        try:
            while end is None or time.monotonic() < end:
                if time.monotonic() - looked >= LOOK_EVERY:
                    looked = time.monotonic()
                    self._look()
                yield self._next_batch()
            yield self._queued([])
        except EngineError:
            yield self._queued([])
            raise
        finally:
            self._stop()

    def _next_batch(self) -> list[Entry]:
        try:
            first = self._queue.get(timeout=BATCH_SECONDS)
        except queue.Empty:
            return []
        time.sleep(BATCH_SECONDS)
        return self._queued([first])

    def _queued(self, batch: list[Entry]) -> list[Entry]:
        """Return these entries and all queued ones, sorted by time."""
        with suppress(queue.Empty):
            while len(batch) < QUEUED:
                batch.append(self._queue.get_nowait())
        return list(by_time(batch))

    def _look(self) -> None:
        """Follow each service's current container, beside a superseded one that may still write."""
        for service in self._sources:
            container = self._ctx.container(service)
            if container is not None and self._is_to_follow(service, container):
                self._begin(service, container)

    def _is_to_follow(self, service: str, container: Container) -> bool:
        readers, alone = self._readers[service], self._sources[service].alone
        own = [reader for reader in readers if reader.container.id == container.id]
        if any(reader.is_running for reader in (readers if alone else own)):
            return False
        if not own or own[-1].container.started_at != container.started_at:
            return True
        return container.is_running and time.monotonic() - own[-1].began > RETRY_AFTER

    def _begin(self, service: str, container: Container) -> None:
        def follow() -> None:
            # The next look finds out whether the container still exists.
            with suppress(CosmicError):
                self._sources[service].follow(container, self._pushing(service), self._over)

        thread = threading.Thread(target=follow, name=f"log of {service}", daemon=True)
        readers = [reader for reader in self._readers[service] if reader.is_running]
        self._readers[service] = [*readers, _Reader(container, thread)]
        thread.start()

    def _pushing(self, service: str) -> Callable[[LogLine], None]:
        return lambda line: self._queue.put(Entry(service=service, line=line))

    def _stop(self) -> None:
        """Stop the readers; one that waits for a log's next line ends with this process."""
        self._over.set()


def by_time(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Merge services' entries by time; those of one service keep their order."""
    services: dict[str, list[Entry]] = {}
    for entry in entries:
        services.setdefault(entry.service, []).append(entry)
    return heapq.merge(*services.values(), key=lambda entry: entry.line.at)
