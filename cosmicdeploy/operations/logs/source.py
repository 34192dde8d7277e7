"""The protocol for sources of log lines: a container's output, or a log file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from cosmicdeploy.engine.facts import Container, LogLine

Push = Callable[[LogLine], None]


class Source(Protocol):
    """The log of one service; when a container is replaced, the source goes on with the next one.

    A source remembers the lines that it has returned and returns none twice. Both methods raise
    `EngineError`. `one_at_a_time` means that only one container may be followed at a time, because
    two may have the same lines (a shared file).
    """

    one_at_a_time: bool

    def past(self, container: Container) -> Iterator[LogLine]:
        """Yield the lines that the container has written so far, oldest first."""

    def follow(self, container: Container, push: Push, stop: threading.Event) -> None:
        """Push all later lines, until the container ends or shortly after `stop` is set."""
