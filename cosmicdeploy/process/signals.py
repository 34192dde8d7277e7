"""Handle Ctrl-C, SIGTERM and SIGHUP only where nothing is half done.

The first signal is remembered. `KeyboardInterrupt` is raised at the next safe point, or in an
interruptible read that has been blocked for `BLOCKED_SECONDS`. A second signal raises
`KeyboardInterrupt` immediately. Once the run's own undo has begun, all signals are ignored, since a
signal would only start that undo. While an earlier, interrupted run is undone, the first signal
waits until that undo has ended, and further signals are ignored.

A safe point in another thread of the run raises `KeyboardInterrupt` as well. But only the main
thread consumes the signal, since the main thread has to end the run.

Signals wait because the engine completes a request even if its client is gone: a container whose
stop request was cut short still looks running, and stops a second later.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any, TypeVar

Item = TypeVar("Item")

# A process gets SIGHUP when its ssh connection is lost.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# An interruptible read that has lasted this many seconds counts as blocked. A shorter read soon
# leads to a safe point. Either way the run stops within two seconds of a signal.
BLOCKED_SECONDS = 0.5


class _ReadState:
    """Whether the main thread, in which Python handles signals, may be interrupted now.

    `since` is when the current interruptible read began (monotonic clock); None if there is none.
    `uninterruptible` counts the nested `uninterruptible` blocks.
    """

    since: float | None = None
    uninterruptible: int = 0


_reads = _ReadState()


class Interrupts:
    """The signals received so far. Only the instance of `deferred_interrupts` receives any.

    `has_received` also counts signals that are ignored: the end of a run need not wait for what no
    longer matters.
    """

    def __init__(self, on_first: Callable[[], None] = lambda: None) -> None:
        self._on_first = on_first
        self.has_received = False
        self._received = False
        self._ignored = False
        self._postponed = False
        # Set if the other threads of the run have to end at their next safe point.
        self._ends_threads = False

    def safe_point(self) -> None:
        """Raise `KeyboardInterrupt` if a signal was received.

        Raises it once in the main thread, and at each safe point of the run's other threads while
        these have to end. Raises nothing in a `postponed` block.
        """
        if self._postponed:
            return
        if not _in_main_thread():
            if self._ends_threads:
                raise KeyboardInterrupt
        elif self._received and not self._ignored:
            self._ignored = True
            raise KeyboardInterrupt

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Let a signal in this block wait until the first safe point after the block."""
        self._postponed = True
        try:
            yield
        finally:
            self._postponed = False

    def end_threads(self) -> None:
        """Ignore all signals, and end the other threads of the run at their next safe point."""
        self._ignored = self._ends_threads = True

    def ignore_from_now_on(self) -> None:
        """Ignore all signals from now on, since the run's undo begins.

        The threads of the undo do not end at their safe points.
        """
        self._ignored, self._ends_threads = True, False

    def handle_signal(self, _signal: int, _frame: FrameType | None) -> None:
        """Remember the first signal; raise `KeyboardInterrupt` at the second.

        In a `postponed` block, the second signal does nothing; once signals are ignored, none does.
        """
        self.has_received = True
        if self._ignored or (self._received and self._postponed):
            return
        if self._received:
            self._ignored = True
            raise KeyboardInterrupt
        self._received = self._ends_threads = True
        self._on_first()

    def handle_timer(self, _signal: int, _frame: FrameType | None) -> None:
        """Interrupt the current read if it is blocked and a signal is waiting."""
        if self._ignored:
            _stop_timer()
        elif _reads.since is not None and time.monotonic() - _reads.since >= BLOCKED_SECONDS:
            self.safe_point()


@contextmanager
def deferred_interrupts(on_first: Callable[[], None]) -> Iterator[Interrupts]:
    """Make signals in this block wait for a safe point; call `on_first` at the first signal."""

    def start() -> None:
        # Set the timer first, so that a blocked read ends even if `on_first` fails.
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

    Only for reads that leave nothing half done if their result is given up. Has no effect outside
    of `deferred_interrupts`, outside of the main thread, or within `uninterruptible`.
    """
    if not _in_main_thread() or _reads.uninterruptible:
        yield
        return
    outer, _reads.since = _reads.since, time.monotonic()
    try:
        yield
    finally:
        _reads.since = outer


def made_interruptible(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls `read` in an `interruptible` block."""

    @wraps(read)
    def call(*args: Any, **kwargs: Any) -> Any:
        with interruptible():
            return read(*args, **kwargs)

    return call


@contextmanager
def uninterruptible() -> Iterator[None]:
    """Keep signals from interrupting a read in this block, so that no work stays half done."""
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
    """Yield the items; a signal may interrupt the wait for each of them."""
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
