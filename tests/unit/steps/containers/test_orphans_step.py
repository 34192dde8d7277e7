"""Containers that no service declares are named, and removed only if the command asks for it."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, NeedsPerson
from cosmicdeploy.journal.unfinished.interrupted_run import Intent, InterruptedRun
from cosmicdeploy.settings import Restart, Services
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.containers.orphans import OrphansStep
from tests.unit.engine.shop_stack import Engine, container, stack

pytestmark = pytest.mark.unit

STEP = OrphansStep(name="orphans")
WEB, DB = container("shop-web-1", service="web"), container("shop-db-1")
MAILER = container("shop-mailer-1", service="mailer", volume_names=("mail",), stop_timeout=120.0)
OLD = container("shop-old-1", "exited", service="old", volume_names=())
UNLABELLED = container("by-hand", service="")


def context(ctx: Context, *found: Container, asked: bool = False) -> tuple[Context, Engine]:
    services = Services(app=("web",), database="db")
    settings = SimpleNamespace(services=services, restart=Restart(healthy_within=0.1))
    loaded: Any = SimpleNamespace(settings=settings)
    engine: Any = Engine([WEB, DB, *found])
    opened = replace(ctx, stack=stack(db=None, web=None), engine=engine, loaded=loaded)
    return opened.with_run(remove_orphans=asked), engine


def planned(ctx: Context) -> Change:
    change = STEP.check(ctx)
    assert isinstance(change, Change)
    return change


def test_without_orphans_there_is_nothing_to_remove(ctx: Context) -> None:
    for found in ((), (UNLABELLED,)):
        opened, _ = context(ctx, *found, asked=True)
        finding = STEP.check(opened)
        assert isinstance(finding, Unchanged), "only its maker knows what an unlabelled one is for"
        assert finding.reason == "a service declares each container of the project"


def test_orphans_are_named_with_the_command_that_removes_them(ctx: Context) -> None:
    opened, _ = context(ctx, MAILER, OLD)
    finding = STEP.check(opened)
    assert isinstance(finding, Unchanged)
    assert "shop-mailer-1 (running), shop-old-1 (exited)" in finding.reason
    assert "`cosmicdeploy deploy --remove-orphans`" in finding.reason
    assert "volumes stay" in finding.reason


def test_orphans_are_stopped_in_their_own_time_and_removed_at_the_end(ctx: Context) -> None:
    opened, engine = context(ctx, MAILER, OLD, asked=True)
    change = planned(opened)
    assert "shop-mailer-1 (running)" in change.summary
    assert change.summary.endswith("volumes that stay: mail")
    assert STEP.apply(opened, change)["orphans"] == ["shop-mailer-1", "shop-old-1"]
    STEP.verify(opened, change)
    assert engine.stopped == {"shop-mailer-1": 120.0}
    assert engine.container("shop-mailer-1"), "it is needed until the run has succeeded"
    STEP.settle(opened, change)
    assert not engine.container("shop-mailer-1") and not engine.container("shop-old-1")
    assert engine.container("shop-web-1") and engine.container("shop-db-1")


def test_an_undo_starts_only_the_orphans_that_ran(ctx: Context) -> None:
    opened, engine = context(ctx, MAILER, OLD, asked=True)
    change = planned(opened)
    STEP.apply(opened, change)
    STEP.undo(opened, change)
    assert [engine.container(c.name) for c in (MAILER, OLD)] == [MAILER, OLD]


def test_an_orphan_that_cannot_be_started_again_is_named(ctx: Context) -> None:
    unready = replace(MAILER, name="shop-a-1", id="shop-a-1", health="healthy")
    opened, engine = context(ctx, unready, MAILER, asked=True)
    change = planned(opened)
    STEP.apply(opened, change)
    engine._own = [
        replace(c, health="unhealthy") if c.name == "shop-a-1" else c for c in engine._own
    ]
    with pytest.raises(CosmicError, match="shop-a-1 was started again, but is not ready"):
        STEP.undo(opened, change)
    other = engine.container("shop-mailer-1")
    assert other is not None and other.is_running, "the others are started nevertheless"
    engine.remove("shop-mailer-1")
    with pytest.raises(CosmicError) as raised:
        OrphansStep.undo(
            STEP, opened, replace(change, before={"orphans": change.before["orphans"][1:]})
        )
    assert isinstance(raised.value, NeedsPerson) and "--accept" in raised.value.todo


def test_an_orphan_that_ends_again_is_named_at_once_with_its_last_lines(ctx: Context) -> None:
    opened, engine = context(ctx, replace(MAILER, health="healthy"), asked=True)
    settings: Any = opened.settings
    settings.restart = Restart(healthy_within=60)
    change = planned(opened)
    STEP.apply(opened, change)
    engine.start = lambda name: engine._set(name, "dead")  # type: ignore[method-assign]
    engine.logs = lambda _name, tail: ["no such queue"]  # type: ignore[method-assign]
    began = time.monotonic()
    with pytest.raises(CosmicError, match="is not ready") as raised:
        STEP.undo(opened, change)
    assert "no such queue" in raised.value.details
    assert time.monotonic() - began < 30


def test_an_orphan_that_runs_again_is_not_removed(ctx: Context) -> None:
    opened, engine = context(ctx, MAILER, asked=True)
    change = planned(opened)
    STEP.apply(opened, change)
    engine.start("shop-mailer-1")
    with pytest.raises(CosmicError, match="runs again"):
        STEP.verify(opened, change)
    STEP.settle(opened, change)
    assert engine.container("shop-mailer-1")


@pytest.mark.parametrize(
    ("kind", "before"), [("orphans", {"orphans": []}), ("rollout", {"in_the_way": [{"id": "x"}]})]
)
def test_a_run_that_resumes_one_that_was_asked_removes_them(
    ctx: Context, kind: str, before: dict[str, Any]
) -> None:
    opened, _ = context(ctx, MAILER)
    intent = Intent(name=kind, kind=kind, options={}, summary="", before=before)
    resumed = [InterruptedRun(id="a", command="deploy", intents=[intent])]
    assert isinstance(STEP.check(opened.with_run(resumed_runs=resumed)), Change)
