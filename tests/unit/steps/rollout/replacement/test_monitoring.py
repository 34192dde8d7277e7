"""The waits between the parts of a rollout, and a container that fails once it was ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, LogLine, unix_time
from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.events import Event, Progress
from cosmicdeploy.settings.pace import Pace
from cosmicdeploy.steps.rollout.replacement import monitoring
from cosmicdeploy.steps.rollout.replacement.monitoring import InPlace, Monitor
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit

NEW = Container(
    id="a", name="web", service="web", project="p", image_id="i", status="running",
    started_at="2026-02-02T18:30:00Z",
)  # fmt: skip
STARTED = unix_time(NEW.started_at)


class Clock:
    """A clock that only `sleep` moves; `events` are called once their time has come."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events: dict[float, Callable[[], None]] = {}

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in [at for at in self.events if at <= self.now]:
            self.events.pop(at)()


class Engine:
    """An engine with containers by id."""

    def __init__(self) -> None:
        self.containers: dict[str, Container] = {"a": NEW, "b": replace(NEW, id="b")}

    def container(self, container_id: str) -> Container | None:
        return self.containers.get(container_id)

    def logs(self, _container_id: str, tail: int) -> list[str]:
        return [f"the last {tail} lines"]

    def timed_log_lines(self, _container_id: str, tail: int) -> list[LogLine]:
        lines = [(STARTED - 1, "it crashed"), (STARTED + 1, "a new start")]
        return [LogLine(at=int(at * 1e9), text=text) for at, text in lines][-tail:]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(monitoring, "time", clock)
    monkeypatch.setattr(Context, "sleep", lambda _ctx, seconds: clock.sleep(seconds))
    return clock


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def monitor(ctx: Context, engine: Engine) -> Monitor:
    any_engine: Any = engine
    return Monitor(replace(ctx, engine=any_engine), lambda: None)


def test_without_update_config_nothing_is_waited_for(clock: Clock, monitor: Monitor) -> None:
    monitor.after_part({"web": "a"}, Pace(), is_last=False)
    monitor.after_part({"web": "b"}, Pace(), is_last=True)
    assert clock.now == 0.0


def test_the_delay_is_between_the_parts_and_the_monitor_goes_on_beside_it(
    clock: Clock, monitor: Monitor
) -> None:
    pace = Pace(delay=5.0, monitor=30.0)
    monitor.after_part({"web.1": "a"}, pace, is_last=False)
    assert clock.now == 5.0
    monitor.after_part({"web.2": "b"}, pace, is_last=True)
    assert clock.now == 35.0, "30 s after the last replacement"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"restart_count": 1}, "it ended and was restarted"),
        ({"status": "exited", "exit_code": 1}, "exited, exit code 1"),
        ({"health": "unhealthy"}, "unhealthy"),
    ],
)
def test_a_container_that_fails_while_it_is_watched_fails_the_rollout(
    clock: Clock, monitor: Monitor, engine: Engine, change: dict[str, Any], what: str
) -> None:
    clock.events[12.0] = lambda: engine.containers.update(a=replace(NEW, **change))
    pace = Pace(delay=5.0, monitor=30.0)
    monitor.after_part({"web.1": "a"}, pace, is_last=False)
    with pytest.raises(UnhealthyContainer, match=rf"web.1 failed within 30 s .* \({what}\)"):
        monitor.after_part({"web.2": "b"}, pace, is_last=True)
    assert 12.0 <= clock.now < 13.0


def test_a_container_that_fails_later_does_not_fail_the_rollout(
    clock: Clock, monitor: Monitor, engine: Engine
) -> None:
    clock.events[12.0] = lambda: engine.containers.update(a=replace(NEW, status="exited"))
    monitor.after_part({"web.1": "a"}, Pace(delay=20.0, monitor=10.0), is_last=False)
    assert clock.now == 20.0


def test_a_container_that_was_removed_fails_the_rollout(
    clock: Clock, monitor: Monitor, engine: Engine
) -> None:
    clock.events[1.0] = lambda: engine.containers.pop("a")
    with pytest.raises(UnhealthyContainer, match="it was removed"):
        monitor.after_part({"web.1": "a"}, Pace(monitor=10.0), is_last=True)


@pytest.fixture
def in_place(ctx: Context, engine: Engine) -> InPlace:
    """Two containers that have just become ready."""
    any_engine: Any = engine
    loaded: Any = SimpleNamespace(settings=settings_of({"app": ["web"]}))
    in_place = InPlace(replace(ctx, engine=any_engine, loaded=loaded))
    in_place.add("web.1", engine.containers["a"])
    in_place.add("web.2", engine.containers["b"])
    return in_place


@pytest.mark.parametrize(
    ("change", "what", "log"),
    [
        ({"restart_count": 1}, "it ended and was restarted", "it crashed"),
        ({"status": "exited", "exit_code": 5}, "exited, exit code 5", "the last 10 lines"),
        ({"status": "restarting", "exit_code": 5}, "restarting, exit code 5", "the last 10 lines"),
    ],
)
def test_a_container_that_crashes_after_it_was_ready_fails_the_rollout_with_its_last_log_lines(
    clock: Clock, in_place: InPlace, engine: Engine, change: dict[str, Any], what: str, log: str
) -> None:
    in_place.require_ready()
    clock.now = 5.0
    engine.containers["a"] = replace(NEW, **change)
    with pytest.raises(UnhealthyContainer) as raised:
        in_place.require_ready()
    assert str(raised.value.what) == f"web.1 failed within 5 s after it became ready ({what})"
    assert list(raised.value.details) == [log], "not only the lines of the present start"


def test_only_the_containers_that_are_asked_for_are_looked_at(
    in_place: InPlace, engine: Engine
) -> None:
    engine.containers["a"] = replace(NEW, restart_count=1)
    in_place.require_ready(["web.2", "not in place yet"])
    with pytest.raises(UnhealthyContainer):
        in_place.require_ready(["web.1"])


def test_a_container_that_was_started_again_in_place_keeps_its_earlier_restarts(
    ctx: Context, engine: Engine
) -> None:
    any_engine: Any = engine
    engine.containers["a"] = replace(NEW, restart_count=4)
    in_place = InPlace(replace(ctx, engine=any_engine))
    in_place.add("web.1", engine.containers["a"])
    in_place.require_ready()


def test_where_no_trial_can_run_the_first_replica_has_to_run_for_that_time(
    clock: Clock, in_place: InPlace, engine: Engine, events: list[Event]
) -> None:
    in_place.require_stable(["web.1"], lambda: None)
    assert clock.now == 10.0
    [said] = events
    assert isinstance(said, Progress) and "web.1 has to run for 10 s" in said.text
    in_place.require_stable(["web.1"], lambda: None)
    assert clock.now == 10.0, "it has run for that time already"
    assert events == [said], "nothing is waited for, as with stable_for: 0"
    in_place.add("web.2", NEW)
    engine.containers["a"] = replace(NEW, status="exited", exit_code=5)
    with pytest.raises(UnhealthyContainer, match=r"exited, exit code 5"):
        in_place.require_stable(["web.2"], lambda: None)
