"""Ctrl-C and SIGTERM, taken at safe points only.

A call to the engine that is cut short goes on behind our back: a container that was being stopped
is found running, and stops a second later. So the first signal is remembered, and raised as
`KeyboardInterrupt` where nothing is half done. A second one is raised at once; on the way back none
is, since that is where all of them lead.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# SIGHUP is what a dropped ssh connection sends.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Whether somebody asked to stop. Without `deferred` nobody ever does."""

    def __init__(self, on_ask: Callable[[], None] = lambda: None) -> None:
        self._on_ask = on_ask
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
        if self._held:
            return
        if self._asked:
            self._held = True
            raise KeyboardInterrupt
        self._asked = True
        self._on_ask()


@contextmanager
def deferred(on_ask: Callable[[], None]) -> Iterator[Interrupts]:
    """Within the block the signals wait for safe points; `on_ask` is called with the first."""
    interrupts = Interrupts(on_ask)
    before = {number: signal.signal(number, interrupts.ask) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
