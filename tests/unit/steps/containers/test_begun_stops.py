"""A stop that has begun ends before the undo: after `pre_stop`, and after an error in the undo."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.events import Event
from cosmicdeploy.process.background import Call
from cosmicdeploy.runs.undo.undo import Applied, undo_all
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers import stopping
from cosmicdeploy.steps.containers.stopping import end
from tests.unit.runs.append_steps import Append
from tests.unit.steps.containers.conftest import GRACE, NAMES, SIGTERM_SECONDS, SlowContainers

pytestmark = pytest.mark.unit


class Command:
    """A command of `pre_stop` that runs until `released` is set."""

    def __init__(self, stack: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.released = threading.Event(), threading.Event()
        service = SimpleNamespace(stop_grace_period=GRACE, pre_stop=("nginx -s quit",))
        for name in NAMES:
            monkeypatch.setitem(stack.stack.services, name, service)
        monkeypatch.setattr(stopping, "prepare_stop", self._run)

    def _run(self, *_: object) -> None:
        self.began.set()
        assert self.released.wait(30)


@pytest.fixture
def command(stack: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    pre_stop = Command(stack, monkeypatch)
    yield pre_stop
    pre_stop.released.set()


def interrupted(stack: Context, name: str) -> None:
    """Stop a container, and receive SIGTERM while it stops."""
    threading.Timer(0.2, signal.raise_signal, (signal.SIGTERM,)).start()
    with pytest.raises(KeyboardInterrupt):
        end(stack, name, name)
    stack.interrupts.ignore_from_now_on()


def test_a_container_whose_pre_stop_has_begun_is_stopped_before_the_undo(
    stack: Context, engine: SlowContainers, command: Command, events: list[Event]
) -> None:
    """The command may end the container itself, as `nginx -s quit` does."""
    started = time.monotonic()
    interrupted(stack, "queue")
    assert time.monotonic() - started < 0.2 + SIGTERM_SECONDS
    assert command.began.is_set() and engine.stops == []
    threading.Timer(0.2, command.released.set).start()
    threading.Timer(0.5, engine.ended.set).start()
    assert undo_all(stack, []).error is None
    assert engine.stops == [("queue", GRACE)] and engine.ended.is_set()
    assert "waiting until queue has stopped" in [getattr(event, "text", "") for event in events]


def test_a_pre_stop_that_hangs_after_a_signal_holds_up_the_undo_for_a_limited_time(
    stack: Context,
    engine: SlowContainers,
    command: Command,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "PRE_STOP_SECONDS", 0.3)
    engine.ended.set()  # it stops at once, once it gets its stop signal
    interrupted(stack, "queue")
    assert undo_all(stack, []).error is None
    assert engine.stops == [("queue", GRACE)] and not command.released.is_set()
    says = "queue is stopped nevertheless: 0.3 s after the signal its pre_stop still runs"
    assert says in [getattr(event, "text", "") for event in events]


def test_a_job_is_not_cut_off_since_pre_stop_has_run(
    stack: Context, engine: SlowContainers, command: Command
) -> None:
    """The stop has begun, so the undo waits for the job as well."""
    command.released.set()
    interrupted(stack, "cron")
    assert engine.stops == []
    threading.Timer(0.5, engine.ended.set).start()
    assert undo_all(stack, []).error is None
    assert engine.ended.is_set() and engine.stops == [("cron", stopping.NO_GRACE)]


def test_a_step_is_undone_only_after_the_stops_that_the_undo_left_behind(
    stack: Context, engine: SlowContainers
) -> None:
    """An error of the engine ends the wait for a stop, and the undo continues with other steps."""

    def lose_engine() -> None:
        raise EngineError("The engine does not answer")

    class StopFails(Append):
        def undo(self, ctx: Context, change: Change) -> None:
            def stop(call: Call) -> None:
                assert call.begin()
                ctx.engine.stop("queue", GRACE)

            threading.Timer(0.8, engine.ended.set).start()
            ctx.run.stops.run({"queue has stopped": stop}, lose_engine)

    ended: list[bool] = []

    class Earlier(Append):
        def undo(self, ctx: Context, change: Change) -> None:
            ended.append(engine.ended.is_set())

    change = Change(summary="")
    last = Applied(step=StopFails(name="last", words=[], word=""), change=change, run="r")
    assert undo_all(
        stack,
        [Applied(step=Earlier(name="first", words=[], word=""), change=change, run="r"), last],
    ).error
    assert ended == [True]
    engine.ended.clear()
    assert undo_all(stack, [last]).error
    assert engine.ended.is_set(), "the undo ended before the stop"
