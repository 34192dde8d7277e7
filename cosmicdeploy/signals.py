"""Ctrl-C and SIGTERM, taken at safe points only.

A call to the engine that is cut short goes on behind our back: a container that was being stopped
is found running, and stops a second later. So the first signal is remembered, and raised as
`KeyboardInterrupt` where nothing is half done: at a safe point, or in a read that may be broken off
(`interruptible`) and has waited for a while. A second one is raised at once; on the way back none
is, since that is where all of them lead. While another run's changes are undone it is put off until
that is done.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")

# SIGHUP is what a dropped ssh connection sends.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A read that has waited this long since the signal is blocked; one that goes on ends at its own
# safe point, and the run is stopped within two seconds either way.
BLOCKED_SECONDS = 0.5


class _Reads:
    """What the main thread waits for, which is where Python handles signals: since when, if the
    wait may be broken off, and how many blocks say that nothing may."""

    since: float | None = None
    whole: int = 0


_reads = _Reads()


class Interrupts:
    """Whether somebody asked to stop. Without `deferred` nobody ever does."""

    def __init__(self, on_ask: Callable[[], None] = lambda: None) -> None:
        self._on_ask = on_ask
        self._asked = False
        self._held = False
        self._put_off = False

    def safe_point(self) -> None:
        """Stop here where that was asked for; raises `KeyboardInterrupt` once."""
        if self._asked and not self._held and not self._put_off:
            self._held = True
            raise KeyboardInterrupt

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Nothing in this block is stopped; a signal that comes meanwhile waits for the first safe
        point after it."""
        self._put_off = True
        try:
            yield
        finally:
            self._put_off = False

    def ignore_from_now_on(self) -> None:
        """The way back has begun: from now on no safe point stops it."""
        self._held = True

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        """A signal came."""
        if self._held or (self._asked and self._put_off):
            return
        if self._asked:
            self._held = True
            raise KeyboardInterrupt
        self._asked = True
        self._on_ask()

    def look(self, _signal: int, _frame: FrameType | None) -> None:
        """Time has passed since a signal: break off a read that is blocked."""
        if self._held:
            _disarm()
        elif _reads.since is not None and time.monotonic() - _reads.since >= BLOCKED_SECONDS:
            self.safe_point()


@contextmanager
def deferred_interrupts(on_ask: Callable[[], None]) -> Iterator[Interrupts]:
    """Within the block the signals wait for safe points; `on_ask` is called with the first."""

    def begin() -> None:
        # First, so that a message that cannot be printed leaves no read that goes on for ever.
        signal.setitimer(signal.ITIMER_REAL, BLOCKED_SECONDS, BLOCKED_SECONDS)
        on_ask()

    interrupts = Interrupts(begin)
    before = {number: signal.signal(number, interrupts.ask) for number in SIGNALS}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, interrupts.look)
    try:
        yield interrupts
    finally:
        _disarm()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """A read that a signal breaks off once it is blocked: whatever it waits for is given up, and
    nothing is half done by that. Of no effect outside of `deferred` and of the main thread."""
    if not _in_main_thread() or _reads.whole:
        yield
        return
    outer, _reads.since = _reads.since, time.monotonic()
    try:
        yield
    finally:
        _reads.since = outer


@contextmanager
def uninterruptible() -> Iterator[None]:
    """No read in this block is broken off: what it would leave half done is worse than waiting."""
    if not _in_main_thread():
        yield
        return
    outer, _reads.since = _reads.since, None
    _reads.whole += 1
    try:
        yield
    finally:
        _reads.whole -= 1
        _reads.since = outer


def each_interruptible(items: Iterable[Item]) -> Iterator[Item]:
    """The same items; the wait for each is interruptible."""
    iterator = iter(items)
    while True:
        with interruptible():
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _disarm() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
