"""A signal interrupts a blocked read, and nothing else before a safe point."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun
from cosmicdeploy.process.signals import (
    Interrupts,
    deferred_interrupts,
    each_interruptible,
    interruptible,
    uninterruptible,
)
from cosmicdeploy.runs.interrupted import undo_interrupted
from cosmicdeploy.runs.undo.undo import UndoResult


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A socket that never receives anything."""
    near, far = socket.socketpair()
    with near, far:
        yield near


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    with deferred_interrupts(lambda: None) as deferring:
        yield deferring


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_interrupts_a_blocked_read(silent: socket.socket, number: int) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)
        silent.recv(1)


@pytest.mark.usefixtures("interrupts")
def test_a_signal_interrupts_a_wait_for_a_thread() -> None:
    def never() -> Iterator[int]:
        yield 1
        threading.Event().wait()

    items = each_interruptible(never())
    assert next(items) == 1
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        next(items)


SHORT_SECONDS = 0.01


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a read count as blocked after a moment."""
    monkeypatch.setattr("cosmicdeploy.process.signals.BLOCKED_SECONDS", SHORT_SECONDS)


def wait_until_blocked() -> None:
    """Wait until a read counts as blocked, then raise the timer's signal."""
    time.sleep(2 * SHORT_SECONDS)
    signal.raise_signal(signal.SIGALRM)


def test_a_message_that_cannot_be_printed_does_not_prevent_the_stop(silent: socket.socket) -> None:
    def fail_to_print() -> None:
        raise BrokenPipeError

    silent.settimeout(10)
    with deferred_interrupts(fail_to_print):
        with pytest.raises(BrokenPipeError):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt), interruptible():
            silent.recv(1)


def test_an_uninterruptible_read_is_not_interrupted(interrupts: Interrupts) -> None:
    signal.raise_signal(signal.SIGTERM)
    with uninterruptible(), interruptible():
        wait_until_blocked()
    with pytest.raises(KeyboardInterrupt):
        interrupts.safe_point()


def test_no_read_is_interrupted_during_an_undo(interrupts: Interrupts) -> None:
    signal.raise_signal(signal.SIGTERM)
    interrupts.ignore_from_now_on()
    with interruptible():
        wait_until_blocked()


def test_a_signal_that_is_ignored_is_known(interrupts: Interrupts) -> None:
    interrupts.ignore_from_now_on()
    signal.raise_signal(signal.SIGTERM)
    interrupts.safe_point()
    assert interrupts.has_received


def test_code_outside_an_interruptible_read_is_not_interrupted(interrupts: Interrupts) -> None:
    signal.raise_signal(signal.SIGTERM)
    wait_until_blocked()
    with pytest.raises(KeyboardInterrupt):
        interrupts.safe_point()


def test_signals_are_postponed_while_another_run_is_undone(interrupts: Interrupts) -> None:
    with interrupts.postponed(), interruptible():
        for _ in range(3):  # without the postponement, the second signal would be raised at once
            signal.raise_signal(signal.SIGTERM)
        wait_until_blocked()
        interrupts.safe_point()
    with pytest.raises(KeyboardInterrupt):
        interrupts.safe_point()


def test_a_pause_ends_at_a_signal(interrupts: Interrupts, ctx: Context) -> None:
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        replace(ctx, interrupts=interrupts).sleep(1e6)


def test_the_previous_signal_handlers_are_restored() -> None:
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGALRM)]
    with deferred_interrupts(lambda: None):
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_undo_of_an_interrupted_run_is_not_stopped(
    ctx: Context, interrupts: Interrupts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def undo_all(ctx: Context, _applied: object) -> UndoResult:
        signal.raise_signal(signal.SIGTERM)
        ctx.safe_point()
        return UndoResult(undone=(), error=None)

    state: dict[str, Any] = {"tags": {}, "containers": {}, "schema": None, "migrations": None}
    monkeypatch.setattr(undo_interrupted, "undo_all", undo_all)
    monkeypatch.setattr(undo_interrupted, "wait_for_commands", lambda _: None)
    monkeypatch.setattr(undo_interrupted, "start_support", lambda *_: None)
    monkeypatch.setattr(undo_interrupted, "observe", lambda *_: state)
    own_ctx = replace(ctx, interrupts=interrupts, journal=ctx.journal.of_run("own"))
    assert (
        undo_interrupted.undo_runs(own_ctx, [InterruptedRun(id="a", command="deploy", state=state)])
        == ()
    )
    with pytest.raises(KeyboardInterrupt):
        own_ctx.safe_point()
