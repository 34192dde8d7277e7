"""Follow new log lines of services, even while their containers are replaced."""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import CosmicError, EngineError
from cosmicdeploy.operations.logs.entry import Entry
from cosmicdeploy.operations.logs.source import Source

# Seconds between two checks for new containers.
CHECK_SECONDS = 0.5
# Seconds that lines are collected before they are sorted by time and returned.
BATCH_SECONDS = 0.1
# If following a running container ends, the next attempt begins this many seconds after the last
# attempt began.
RETRY_AFTER = 5.0
# When this many lines are queued, readers wait, so that a slow caller does not fill the memory.
MAX_QUEUED = 10_000


@dataclass
class _Reader:
    """A thread that follows a container's log, from one start of the container until it ends."""

    container: Container
    thread: threading.Thread
    began: float = field(default_factory=time.monotonic)

    @property
    def is_running(self) -> bool:
        return self.thread.is_alive()


class Follower:
    """Follows the log sources of services for as long as the caller reads. Not reusable."""

    def __init__(self, ctx: Context, sources: Mapping[str, Source]) -> None:
        self._ctx, self._sources = ctx, sources
        self._queue: queue.Queue[Entry] = queue.Queue(MAX_QUEUED)
        self._readers: dict[str, list[_Reader]] = {name: [] for name in sources}
        self._stopped = threading.Event()

    def entries(self, seconds: float | None = None) -> Iterator[Sequence[Entry]]:
        """Yield batches of new entries, sorted by time; a batch is empty if nothing was written.

        Stops after `seconds`, if given. If the engine does not answer, yields the entries that were
        read until then, and raises `EngineError`.
        """
        end = None if seconds is None else time.monotonic() + seconds
        checked_at = 0.0
        try:
            while end is None or time.monotonic() < end:
                if time.monotonic() - checked_at >= CHECK_SECONDS:
                    checked_at = time.monotonic()
                    self._follow_containers()
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
        """Return the entries of `batch` and all queued entries, sorted by time."""
        with suppress(queue.Empty):
            while len(batch) < MAX_QUEUED:
                batch.append(self._queue.get_nowait())
        return list(by_time(batch))

    def _follow_containers(self) -> None:
        """Start to follow each service's current container, unless a reader follows it already.

        A reader of a superseded container goes on until that container ends.
        """
        for service in self._sources:
            container = self._ctx.container(service)
            if container is not None and self._should_follow(service, container):
                self._start_reader(service, container)

    def _should_follow(self, service: str, container: Container) -> bool:
        """Whether a container needs a new reader: it is new or started again, or its reader ended.

        False while another reader of the service runs, if its source allows only one at a time.
        """
        readers = self._readers[service]
        same = [reader for reader in readers if reader.container.id == container.id]
        rivals = readers if self._sources[service].one_at_a_time else same
        if any(reader.is_running for reader in rivals):
            return False
        if not same or same[-1].container.started_at != container.started_at:
            return True
        return container.is_running and time.monotonic() - same[-1].began > RETRY_AFTER

    def _start_reader(self, service: str, container: Container) -> None:
        def follow() -> None:
            # After an error, the next check finds out whether the container still exists.
            with suppress(CosmicError):
                self._sources[service].follow(container, self._push_to(service), self._stopped)

        thread = threading.Thread(target=follow, name=f"log of {service}", daemon=True)
        readers = [reader for reader in self._readers[service] if reader.is_running]
        self._readers[service] = [*readers, _Reader(container, thread)]
        thread.start()

    def _push_to(self, service: str) -> Callable[[LogLine], None]:
        return lambda line: self._queue.put(Entry(service=service, line=line))

    def _stop(self) -> None:
        """Stop the readers; a reader that waits for the next log line ends with this process."""
        self._stopped.set()


def by_time(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Merge the entries of several services by time; those of one service keep their order."""
    services: dict[str, list[Entry]] = {}
    for entry in entries:
        services.setdefault(entry.service, []).append(entry)
    return heapq.merge(*services.values(), key=lambda entry: entry.line.at)
