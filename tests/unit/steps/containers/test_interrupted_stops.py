"""SIGTERM ends the wait for a container that stops; only the undo waits for the stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.events import Event
from cosmicdeploy.runs.undo.undo import undo_all
from cosmicdeploy.steps.containers.maintenance.maintenance import start_maintenance
from cosmicdeploy.steps.containers.orphan_containers import stop_orphan
from cosmicdeploy.steps.containers.stopping import end, end_all
from tests.unit.steps.containers.conftest import SIGTERM_SECONDS, SlowContainers

pytestmark = pytest.mark.unit

WAITS: dict[str, tuple[Callable[[Context], None], list[str]]] = {
    "a worker": (lambda ctx: end(ctx, "queue", "queue"), ["queue"]),
    "a worker between two jobs": (lambda ctx: end(ctx, "cron", "cron"), []),
    "several": (
        lambda ctx: end_all(ctx, {n: n for n in ("app", "cron", "queue")}),
        ["app", "queue"],
    ),
    "an orphan": (lambda ctx: stop_orphan(ctx, "old"), ["old"]),
    "the proxy": (start_maintenance, ["lb"]),
}


@pytest.mark.parametrize("what", WAITS)
def test_sigterm_ends_the_wait_for_a_stop(
    stack: Context, engine: SlowContainers, events: list[Event], what: str
) -> None:
    wait, stopped = WAITS[what]
    threading.Timer(0.2, signal.raise_signal, (signal.SIGTERM,)).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        wait(stack)
    assert time.monotonic() - started < 0.2 + SIGTERM_SECONDS
    stack.interrupts.ignore_from_now_on()
    threading.Timer(0.3, engine.ended.set).start()
    assert undo_all(stack, []).error is None
    assert engine.ended.is_set() or not stopped, "the undo began before the stop had ended"
    # A container that waited for its job never got its stop signal.
    assert sorted(name for name, _ in engine.stops) == stopped
    texts = [getattr(event, "text", "") for event in events]
    # If several containers stop at the same time, the events may name only the first one.
    named = [name for name in stopped if f"waiting until {name} has stopped" in texts]
    assert bool(named) is bool(stopped)


def test_a_second_signal_does_not_leave_a_stop_behind(
    stack: Context, engine: SlowContainers
) -> None:
    for delay in (0.1, 0.12):
        threading.Timer(delay, signal.raise_signal, (signal.SIGTERM,)).start()
    with pytest.raises(KeyboardInterrupt):
        end(stack, "queue", "queue")
    stack.interrupts.ignore_from_now_on()
    threading.Timer(0.3, engine.ended.set).start()
    undo_all(stack, [])
    assert engine.ended.is_set()


def test_the_error_of_a_stop_is_raised(stack: Context, engine: SlowContainers) -> None:
    def fail(_name: str, _timeout: float) -> None:
        raise OSError("the engine went away")

    engine.stop = fail  # type: ignore[method-assign]
    with pytest.raises(OSError, match="went away"):
        end(stack, "queue", "queue")


def end_in_thread(stack: Context) -> tuple[threading.Thread, list[BaseException]]:
    """Stop a container in a thread; return the thread, and a list that gets the thread's error."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            end(stack, "queue", "queue")
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, errors


def test_a_signal_ends_a_thread_of_the_run_and_still_reaches_the_main_thread(
    stack: Context,
) -> None:
    """Such a thread replaces scheduler and workers while the main thread replaces the replicas."""
    signal.raise_signal(signal.SIGTERM)
    thread, errors = end_in_thread(stack)
    thread.join(SIGTERM_SECONDS)
    assert [type(error) for error in errors] == [KeyboardInterrupt]
    with pytest.raises(KeyboardInterrupt):
        stack.safe_point()


def test_a_run_that_gives_up_ends_its_threads(stack: Context) -> None:
    thread, errors = end_in_thread(stack)
    stack.interrupts.end_threads()
    stack.safe_point()  # the main thread is about to raise another error
    thread.join(SIGTERM_SECONDS)
    assert [type(error) for error in errors] == [KeyboardInterrupt]
    stack.interrupts.ignore_from_now_on()
    with pytest.raises(AssertionError):  # the threads of an undo are not interrupted
        raise_in_thread(stack.safe_point)


def raise_in_thread(call: Callable[[], None]) -> None:
    """Assert that the call raises in another thread."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert raised
