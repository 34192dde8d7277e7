"""The protocol of sources of log lines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from cosmicdeploy.engine.facts import Container, LogLine

Push = Callable[[LogLine], None]


class Source(Protocol):
    """The log of one service, read from one of its containers after the other.

    A source remembers the lines that it has returned and returns none twice. Both methods raise
    `EngineError`. `alone` means that two containers may have the same lines (a shared file), so
    that only one at a time is followed.
    """

    alone: bool

    def past(self, container: Container) -> Iterator[LogLine]:
        """Yield the lines written so far, oldest first."""

    def follow(self, container: Container, push: Push, over: threading.Event) -> None:
        """Push every later line, until the container ends or soon after `over` is set."""
