"""The output of a container (standard output and error), as the engine keeps it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator

from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.operations.logs.source import Push

# After a rotation the engine repeats some lines of a followed log: this many are recognized.
REMEMBERED = 2000


class Outputs:
    """The last `tail` lines written since `since` (nanoseconds since 1970), and new ones."""

    alone = False

    def __init__(
        self, engine: Engine, *, since: int | None = None, tail: int | None = None
    ) -> None:
        self._engine, self._since, self._tail = engine, since, tail
        self._returned: dict[str, _Returned] = {}

    def past(self, container: Container) -> Iterator[LogLine]:
        # Without past lines, new ones begin now.
        begin = self._since or (time.time_ns() if self._tail == 0 else 0)
        returned = self._returned[container.id] = _Returned(begin)
        if self._tail == 0:
            return
        lines = self._engine.timed_log_lines(container.id, since=self._since, tail=self._tail)
        yield from filter(returned.add, lines)

    def follow(self, container: Container, push: Push, over: threading.Event) -> None:
        """Push new lines; all lines of a container that did not exist before are new."""
        returned = self._returned.setdefault(container.id, _Returned(0))
        for line in self._engine.timed_log_lines(container.id, since=returned.until, follow=True):
            if over.is_set():
                return
            if returned.add(line):
                push(line)


class _Returned:
    """The last lines of one container that were returned, and the time of the newest."""

    def __init__(self, until: int) -> None:
        self.until = until
        self._order = deque[LogLine](maxlen=REMEMBERED)
        self._known: set[LogLine] = set()

    def add(self, line: LogLine) -> bool:
        """Add a line; whether it was not returned before."""
        if line in self._known:
            return False
        if len(self._order) == REMEMBERED:
            self._known.discard(self._order[0])
        self._order.append(line)
        self._known.add(line)
        self.until = max(self.until, line.at)
        return True
