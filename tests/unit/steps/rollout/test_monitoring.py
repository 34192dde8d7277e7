"""The waits between the parts of a rollout, and a container that fails during them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.settings.pace import Pace
from cosmicdeploy.steps.rollout import monitoring
from cosmicdeploy.steps.rollout.monitoring import Monitor

pytestmark = pytest.mark.unit

NEW = Container(id="a", name="web", service="web", project="p", image_id="i", status="running")


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
        ({"restart_count": 1, "exit_code": 3}, "restarted, exit code 3"),
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
