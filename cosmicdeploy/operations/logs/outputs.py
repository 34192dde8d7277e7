"""A container's own outputs, as the engine keeps them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator

from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.operations.logs.source import Push

# A log that is rotated while it is followed is told by the engine from somewhat before on: so many
# lines are known again.
REMEMBERED = 2000


class Outputs:
    """The last `tail` lines of those from `since` on (nanoseconds since 1970), and what follows."""

    alone = False

    def __init__(
        self, engine: Engine, *, since: int | None = None, tail: int | None = None
    ) -> None:
        self._engine, self._since, self._tail = engine, since, tail
        self._lives: dict[str, _Given] = {}

    def past(self, container: Container) -> Iterator[LogLine]:
        # With no line to be given, what is to come begins now.
        begin = self._since or (time.time_ns() if self._tail == 0 else 0)
        given = self._lives[container.id] = _Given(begin)
        if self._tail == 0:
            return
        lines = self._engine.log_entries(container.id, since=self._since, tail=self._tail)
        yield from filter(given.take, lines)

    def follow(self, container: Container, push: Push, over: threading.Event) -> None:
        """A container that nobody saw before came later: all of its lines are new."""
        given = self._lives.setdefault(container.id, _Given(0))
        for line in self._engine.log_entries(container.id, since=given.until, follow=True):
            if over.is_set():
                return
            if given.take(line):
                push(line)


class _Given:
    """The lines of one container that were given last, and the time of the newest."""

    def __init__(self, until: int) -> None:
        self.until = until
        self._order = deque[LogLine](maxlen=REMEMBERED)
        self._known: set[LogLine] = set()

    def take(self, line: LogLine) -> bool:
        """Give this line; whether it was not given before."""
        if line in self._known:
            return False
        if len(self._order) == REMEMBERED:
            self._known.discard(self._order[0])
        self._order.append(line)
        self._known.add(line)
        self.until = max(self.until, line.at)
        return True
