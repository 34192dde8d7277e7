"""Ctrl-C and SIGTERM, taken at safe points only.

A call to the engine that is cut short goes on behind our back: a container that was being stopped
is found running, and stops a second later. So the first signal is remembered, and raised as
`KeyboardInterrupt` where nothing is half done. A second one is raised at once.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Whether somebody asked to stop. Without `deferred` nobody ever does."""

    def __init__(self) -> None:
        self._asked = False
        self._held = False

    def safe_point(self) -> None:
        """Stop here where that was asked for; raises `KeyboardInterrupt` once."""
        if self._asked and not self._held:
            self._held = True
            raise KeyboardInterrupt

    def hold(self) -> None:
        """The way back has begun: from now on no safe point stops it."""
        self._held = True

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        """A signal came."""
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


@contextmanager
def deferred() -> Iterator[Interrupts]:
    """Within the block the signals wait for safe points."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.ask) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
