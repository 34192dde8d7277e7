"""SIGTERM while a container stops: the wait ends at once, and the undo waits for the stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.events import Event
from cosmicdeploy.process.signals import Interrupts, deferred_interrupts
from cosmicdeploy.runs.undo.undo import undo_all
from cosmicdeploy.settings import Restart, Services
from cosmicdeploy.steps.containers import stopping
from cosmicdeploy.steps.containers.maintenance import maintenance
from cosmicdeploy.steps.containers.maintenance.maintenance import start_maintenance
from cosmicdeploy.steps.containers.orphan_containers import stop_orphan
from cosmicdeploy.steps.containers.stopping import end, end_all
from tests.unit.steps.containers.test_stopping import JOB, MAIN_PROCESS

pytestmark = pytest.mark.unit

# SIGTERM has to end every wait within this time.
SIGTERM_SECONDS = 2.0
GRACE = 120.0


class SlowContainers:
    """Containers that need until `ended` is set to stop; their jobs do not end before."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.stops: list[tuple[str, float]] = []

    def container(self, name: str) -> Container:
        status = "exited" if self.ended.is_set() and self.stops else "running"
        return Container(id=name, name=name, service=name, project="p", image_id="i", status=status)

    def exec(self, _id: str, _argv: object) -> ExecResult:
        job = "" if self.ended.is_set() else JOB
        return ExecResult(exit_code=0, stdout=(MAIN_PROCESS + job).encode())

    def stop(self, name: str, timeout: float) -> None:
        self.stops.append((name, timeout))
        assert self.ended.wait(30)


@pytest.fixture
def engine() -> Iterator[SlowContainers]:
    containers = SlowContainers()
    yield containers
    containers.ended.set()


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    with deferred_interrupts(lambda: None) as deferring:
        yield deferring


@pytest.fixture
def stack(
    ctx: Context, engine: SlowContainers, interrupts: Interrupts, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """A stack whose scheduler is stopped between two jobs, without a maintenance file."""
    settings = SimpleNamespace(
        services=Services(app=("app",), scheduler="cron", worker=("queue",), proxy="lb"),
        restart=Restart.model_validate({"between_jobs": ["scheduler"]}),
        maintenance=SimpleNamespace(file=None),
    )
    service = SimpleNamespace(stop_grace_period=GRACE, pre_stop=())
    monkeypatch.setattr(maintenance, "_proxy", lambda _ctx: engine.container("lb"))
    fields: Any = {
        "loaded": SimpleNamespace(settings=settings),
        "stack": SimpleNamespace(services=dict.fromkeys(("app", "cron", "queue", "lb"), service)),
        "engine": engine,
        "interrupts": interrupts,
    }
    return replace(ctx, **fields)


NAMES = ("app", "cron", "queue")
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
    # Several stop at the same time, and the wait for the first may be the only one.
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


def test_an_undo_does_not_wait_for_a_pre_stop_command_that_hangs(
    stack: Context, engine: SlowContainers, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, done = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        assert released.wait(30)
        done.set()

    monkeypatch.setattr(stopping, "prepare_stop", hang)
    threading.Timer(0.1, signal.raise_signal, (signal.SIGTERM,)).start()
    with pytest.raises(KeyboardInterrupt):
        end(stack, "queue", "queue")
    stack.interrupts.ignore_from_now_on()
    assert undo_all(stack, []).error is None
    released.set()
    assert done.wait(SIGTERM_SECONDS)
    time.sleep(0.1)
    assert engine.stops == [], "it was stopped after the undo"


def test_the_error_of_a_stop_is_raised(stack: Context, engine: SlowContainers) -> None:
    def fail(_name: str, _timeout: float) -> None:
        raise OSError("the engine went away")

    engine.stop = fail  # type: ignore[method-assign]
    with pytest.raises(OSError, match="went away"):
        end(stack, "queue", "queue")


def test_a_thread_of_the_run_ends_with_it_and_leaves_the_signal_to_the_main_thread(
    stack: Context,
) -> None:
    """As the scheduler and the workers, which a thread replaces beside the replicas."""
    signal.raise_signal(signal.SIGTERM)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            end(stack, "queue", "queue")
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(SIGTERM_SECONDS)
    assert [type(error) for error in errors] == [KeyboardInterrupt]
    with pytest.raises(KeyboardInterrupt):
        stack.safe_point()


def test_a_run_that_gives_up_ends_its_threads(stack: Context) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            end(stack, "queue", "queue")
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    stack.interrupts.end_threads()
    stack.safe_point()  # the main thread is about to raise another error
    thread.join(SIGTERM_SECONDS)
    assert [type(error) for error in errors] == [KeyboardInterrupt]
    stack.interrupts.ignore_from_now_on()
    with pytest.raises(AssertionError):  # the threads of an undo work to their end
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
