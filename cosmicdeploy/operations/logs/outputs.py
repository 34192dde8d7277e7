"""Read and follow the output of containers (standard output and error), as the engine logs it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator

from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.operations.logs.source import Push

# After a log rotation the engine repeats lines of a followed log; this many are recognized.
REMEMBERED = 2000


class Outputs:
    """A source of log lines: the last `tail` lines since a time, and new lines.

    `since` is in nanoseconds since 1970. None for `tail` or `since` means no limit.
    """

    one_at_a_time = False

    def __init__(
        self, engine: Engine, *, since: int | None = None, tail: int | None = None
    ) -> None:
        self._engine, self._since, self._tail = engine, since, tail
        self._returned: dict[str, _Returned] = {}

    def past(self, container: Container) -> Iterator[LogLine]:
        # `follow` begins at this time: at `since`, or now if no past lines are wanted (tail 0).
        begin = max(self._since or 0, time.time_ns() if self._tail == 0 else 0)
        returned = self._returned[container.id] = _Returned(begin)
        if self._tail == 0:
            return
        lines = self._engine.timed_log_lines(container.id, since=self._since, tail=self._tail)
        yield from filter(returned.add, lines)

    def follow(self, container: Container, push: Push, stop: threading.Event) -> None:
        """Push new lines; if `past` was not called for this container, all its lines are new."""
        returned = self._returned.setdefault(container.id, _Returned(0))
        for line in self._engine.timed_log_lines(container.id, since=returned.until, follow=True):
            if stop.is_set():
                return
            if returned.add(line):
                push(line)


class _Returned:
    """Remembers the last returned lines of one container.

    `until` is the time of the newest one; before any line, the time at which `follow` begins.
    """

    def __init__(self, until: int) -> None:
        self.until = until
        self._order = deque[LogLine](maxlen=REMEMBERED)
        self._known: set[LogLine] = set()

    def add(self, line: LogLine) -> bool:
        """Add a line; return whether it is new."""
        if line in self._known:
            return False
        if len(self._order) == REMEMBERED:
            self._known.discard(self._order[0])
        self._order.append(line)
        self._known.add(line)
        self.until = max(self.until, line.at)
        return True
