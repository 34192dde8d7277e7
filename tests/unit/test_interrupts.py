"""A signal ends a read that is blocked, and nothing else before its safe point."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from cosmicdeploy.interrupts import Interrupts, breakable, deferred, each_breakable, unbroken


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A socket that nobody sends anything to."""
    near, far = socket.socketpair()
    with near, far:
        yield near


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    with deferred(lambda: None) as deferring:
        yield deferring


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_blocked_read_is_broken_off(silent: socket.socket, number: int) -> None:
    with pytest.raises(KeyboardInterrupt), breakable():
        signal.raise_signal(number)
        silent.recv(1)


@pytest.mark.usefixtures("interrupts")
def test_a_wait_for_a_thread_is_broken_off_too() -> None:
    def never() -> Iterator[int]:
        yield 1
        threading.Event().wait()

    taken = each_breakable(never())
    assert next(taken) == 1
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        next(taken)


def test_a_message_that_cannot_be_printed_hinders_no_stop(silent: socket.socket) -> None:
    def broken() -> None:
        raise BrokenPipeError

    silent.settimeout(10)
    with deferred(broken):
        with pytest.raises(BrokenPipeError):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt), breakable():
            silent.recv(1)


def test_what_must_be_whole_is_waited_for(interrupts: Interrupts, silent: socket.socket) -> None:
    silent.settimeout(1.2)
    signal.raise_signal(signal.SIGTERM)
    with unbroken(), breakable(), pytest.raises(TimeoutError):
        silent.recv(1)
    with pytest.raises(KeyboardInterrupt):
        interrupts.safe_point()


def test_nothing_is_broken_off_on_the_way_back(
    interrupts: Interrupts, silent: socket.socket
) -> None:
    silent.settimeout(1.2)
    signal.raise_signal(signal.SIGTERM)
    interrupts.hold()
    with breakable(), pytest.raises(TimeoutError):
        silent.recv(1)


def test_a_read_that_may_not_be_broken_off_is_not(
    interrupts: Interrupts, silent: socket.socket
) -> None:
    silent.settimeout(1.2)
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(TimeoutError):
        silent.recv(1)
    with pytest.raises(KeyboardInterrupt):
        interrupts.safe_point()


def test_the_handlers_of_before_are_back_afterwards() -> None:
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGALRM)]
    with deferred(lambda: None):
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
