"""Where lines come from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from cosmicdeploy.engine.facts import Container, LogLine

Push = Callable[[LogLine], None]


class Source(Protocol):
    """One for each service, asked of one container of it after the other.

    It knows what it gave already, so that nothing is given twice. Both raise `EngineError`.
    `alone`: two containers may have the same lines, so that one at a time is followed.
    """

    alone: bool

    def past(self, container: Container) -> Iterator[LogLine]:
        """What is there already, oldest first."""

    def follow(self, container: Container, push: Push, over: threading.Event) -> None:
        """All that comes after that, until the container ends, or soon after `over` is set."""
