"""Ctrl-C, SIGTERM and SIGHUP, acted on only where nothing is half done.

The first signal is remembered. It is raised as `KeyboardInterrupt` at the next safe point, or in an
interruptible read that has been blocked for `BLOCKED_SECONDS`. The second signal is raised at once.
Once an undo has begun, all signals are ignored, because each of them leads to that undo. While
another run's changes are undone, the first signal is postponed until that undo has ended.

The reason: the engine completes a call even after its client is gone. A container whose stop call
was cut short still looks running, and stops a second later.
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
# A read that still waits this long after the signal is blocked. A shorter one reaches its own safe
# point. Either way the run stops within two seconds.
BLOCKED_SECONDS = 0.5


class _ReadState:
    """The state of reads in the main thread, where Python handles signals.

    `since` is when the current interruptible read began (monotonic clock), None outside of one.
    `uninterruptible` counts the nested blocks in which no read may be interrupted.
    """

    since: float | None = None
    uninterruptible: int = 0


_reads = _ReadState()


class Interrupts:
    """The signals received so far. Without `deferred_interrupts` there are never any."""

    def __init__(self, on_first: Callable[[], None] = lambda: None) -> None:
        self._on_first = on_first
        self._received = False
        self._ignored = False
        self._postponed = False

    def safe_point(self) -> None:
        """Raise `KeyboardInterrupt` if a signal was received; only the first call does."""
        if self._received and not self._ignored and not self._postponed:
            self._ignored = True
            raise KeyboardInterrupt

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Raise nothing within the block; a signal waits for the first safe point after it."""
        self._postponed = True
        try:
            yield
        finally:
            self._postponed = False

    def ignore_from_now_on(self) -> None:
        """Ignore all signals until the end of the run: its undo has begun."""
        self._ignored = True

    def handle_signal(self, _signal: int, _frame: FrameType | None) -> None:
        """Remember the first signal; raise `KeyboardInterrupt` at the second."""
        if self._ignored or (self._received and self._postponed):
            return
        if self._received:
            self._ignored = True
            raise KeyboardInterrupt
        self._received = True
        self._on_first()

    def handle_timer(self, _signal: int, _frame: FrameType | None) -> None:
        """Interrupt a read that is blocked since the first signal."""
        if self._ignored:
            _stop_timer()
        elif _reads.since is not None and time.monotonic() - _reads.since >= BLOCKED_SECONDS:
            self.safe_point()


@contextmanager
def deferred_interrupts(on_first: Callable[[], None]) -> Iterator[Interrupts]:
    """Let signals wait for safe points within the block; the first one calls `on_first`."""

    def start() -> None:
        # The timer comes first: if the message cannot be printed, a blocked read still ends.
        signal.setitimer(signal.ITIMER_REAL, BLOCKED_SECONDS, BLOCKED_SECONDS)
        on_first()

    interrupts = Interrupts(start)
    before = {number: signal.signal(number, interrupts.handle_signal) for number in SIGNALS}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, interrupts.handle_timer)
    try:
        yield interrupts
    finally:
        _stop_timer()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal interrupt a blocked read in this block.

    For reads whose result can be given up: they leave nothing half done. Has no effect outside of
    `deferred_interrupts`, outside of the main thread, or within `uninterruptible`.
    """
    if not _in_main_thread() or _reads.uninterruptible:
        yield
        return
    outer, _reads.since = _reads.since, time.monotonic()
    try:
        yield
    finally:
        _reads.since = outer


@contextmanager
def uninterruptible() -> Iterator[None]:
    """Interrupt no read in this block: what it would leave half done is worse than waiting."""
    if not _in_main_thread():
        yield
        return
    outer, _reads.since = _reads.since, None
    _reads.uninterruptible += 1
    try:
        yield
    finally:
        _reads.uninterruptible -= 1
        _reads.since = outer


def each_interruptible(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the same items; the wait for each of them is interruptible."""
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


def _stop_timer() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
