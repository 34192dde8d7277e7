"""The protocol for sources of log lines: a container's output, or a log file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from cosmicdeploy.engine.facts import Container, LogLine

Push = Callable[[LogLine], None]


class Source(Protocol):
    """The log of one service, whose container may be replaced while the log is read.

    A source remembers which lines it has returned, and returns no complete line twice. Both methods
    raise `EngineError`. `one_at_a_time` means that only one container may be followed at a time,
    because two containers may have the same lines (a shared file).
    """

    one_at_a_time: bool

    def past(self, container: Container) -> Iterator[LogLine]:
        """Yield past lines of the container, oldest first, within the source's limits."""

    def follow(self, container: Container, push: Push, stop: threading.Event) -> None:
        """Push all later lines until the container ends.

        Once `stop` is set, returns at the next line at the latest.
        """
