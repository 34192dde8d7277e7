"""The trial of a new image has to run for `restart.stable_for` before a replica is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.events import Event
from cosmicdeploy.steps.commands import stable_trial
from cosmicdeploy.steps.commands.stable_trial import require_stable

pytestmark = pytest.mark.unit

TRIAL = Container(id="t", name="trial", service="web", project="p", image_id="i", status="running")


@dataclass
class World:
    """A clock that only `sleep` moves, and a trial that changes at a time."""

    now: float = 100.0
    changes: Mapping[float, Container | None] = field(default_factory=dict)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def container(self, _id: str) -> Container | None:
        past = [each for at, each in self.changes.items() if at <= self.now]
        return past[-1] if past else TRIAL

    def logs(self, _id: str, *, tail: int) -> list[str]:
        return [f"{tail} lines", "PHP Fatal error"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(stable_trial, "time", world)
    monkeypatch.setattr(Context, "sleep", lambda _ctx, seconds: world.sleep(seconds))
    return world


@pytest.fixture
def ctx(ctx: Context, world: World) -> Context:
    settings = SimpleNamespace(restart=SimpleNamespace(stable_for=10.0))
    loaded: Any = SimpleNamespace(settings=settings)
    engine: Any = world
    return replace(ctx, loaded=loaded, engine=engine)


@pytest.mark.parametrize(("began", "waited"), [(100.0, 10.0), (94.0, 4.0), (80.0, 0.0)])
def test_the_time_counts_from_the_start_of_the_trial(
    ctx: Context, world: World, began: float, waited: float
) -> None:
    ctx.run.trials_began["t"] = began
    assert require_stable(ctx, [TRIAL]) == waited
    assert world.now == 100.0 + waited


def test_a_trial_that_another_run_started_is_watched_from_now_on(ctx: Context) -> None:
    assert require_stable(ctx, [TRIAL]) == 10.0


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"status": "exited", "exit_code": 5}, "exited, exit code 5"),
        ({"status": "exited", "exit_code": 137, "oom_killed": True}, "137, out of memory"),
        ({"health": "unhealthy", "last_probe": "502"}, "unhealthy: 502"),
    ],
)
def test_a_trial_that_ends_after_5_s_is_reported_with_its_last_log_lines(
    ctx: Context, world: World, events: list[Event], change: dict[str, Any], what: str
) -> None:
    world.changes = {105.0: replace(TRIAL, **change)}
    with pytest.raises(UnhealthyContainer, match="no replica was touched") as raised:
        require_stable(ctx, [TRIAL])
    assert what in raised.value.what and world.now == 105.0
    assert "PHP Fatal error" in raised.value.details
    assert "stable_for" in raised.value.todo and "10 s more" in str(events)


def test_a_trial_that_was_removed_is_no_proof(ctx: Context, world: World) -> None:
    world.changes = {101.0: None}
    with pytest.raises(UnhealthyContainer, match="its container was removed"):
        require_stable(ctx, [TRIAL])
