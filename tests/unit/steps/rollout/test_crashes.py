"""A replica that crashes once it was ready ends the rollout before the next one is replaced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.steps.rollout.drift import PAUSED
from cosmicdeploy.steps.rollout.replacement.executor import Rollout
from tests.unit.steps.rollout import test_lookups
from tests.unit.steps.rollout.test_lookups import (
    APPS,
    WORKER,
    CountingEngine,
    container,
    rollout,
    settings,
)

pytestmark = pytest.mark.unit


@dataclass
class CrashingEngine(CountingEngine):
    """The new container of `crashing` has restarted after it was looked at `looks_before` times."""

    crashing: str = "app-1"
    restarts_before: int = 0
    looks_before: int = 1

    def container(self, key: str) -> Container | None:
        found = super().container(key)
        if found is not None and found.id == f"old-{self.crashing}":
            return replace(found, restart_count=self.restarts_before)
        is_other = found is None or found.id != f"new-{self.crashing}"
        if found is None or is_other or self.by_id[found.id] <= self.looks_before:
            return found
        return replace(found, restart_count=1)

    def timed_log_lines(self, _id: str, **_: Any) -> list[Any]:
        return []

    def logs(self, _id: str, *, tail: int) -> list[str]:
        return [f"the last {tail} lines"]


def crashed(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[CrashingEngine, UnhealthyContainer | None]:
    """Return the engine and the error of a rollout in which a container crashes."""
    names = (*APPS, WORKER)
    engine = CrashingEngine({f"old-{name}": container(name) for name in names}, **options)
    monkeypatch.setattr(test_lookups, "CountingEngine", lambda _containers: engine)
    try:
        rollout(ctx, monkeypatch, settings(), names)
    except UnhealthyContainer as error:
        return engine, error
    return engine, None


def test_no_further_replica_is_replaced(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, error = crashed(ctx, monkeypatch)
    assert error is not None and error.what.startswith("app-1 failed within 0 s after it became")
    assert error.details == ("the last 10 lines",)
    assert "stop old-app-1" in engine.commands and "stop old-app-2" not in engine.commands


def test_the_last_replica_is_looked_at_too(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    _, error = crashed(ctx, monkeypatch, crashing="app-3")
    assert error is not None and error.what.startswith("app-3 failed within")


def test_a_worker_that_restarted_before_may_restart(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may end on purpose, for example when its queue is empty."""
    _, error = crashed(ctx, monkeypatch, crashing=WORKER)
    assert error is not None and error.what.startswith("queue failed within")
    _, error = crashed(ctx, monkeypatch, crashing=WORKER, restarts_before=2)
    assert error is None
    _, error = crashed(ctx, monkeypatch, crashing=WORKER, restarts_before=2, looks_before=0)
    assert error is None, "also if it has restarted before it is looked at for the first time"


def test_a_replica_that_crashes_while_another_becomes_ready_fails_a_replacement_of_all_at_once(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rollout, "in_batches", Rollout.all_at_once)
    _, error = crashed(ctx, monkeypatch)
    assert error is not None and error.what.startswith("app-1 failed within")


def test_paused_containers_are_no_new_ones(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """They continue, and may have restarted in their lives."""
    names = (*APPS, WORKER)
    paused = [container(name, status="paused", restart_count=3) for name in names]
    engine = CountingEngine({each.id: each for each in paused})
    monkeypatch.setattr(test_lookups, "CountingEngine", lambda _containers: engine)
    rollout(ctx, monkeypatch, settings(), names, reason=PAUSED)
    assert all(each.is_running for each in engine.containers_by_id.values())
    assert not engine.commands
