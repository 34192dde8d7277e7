"""A rollout of several applications: in order, each with its own replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, Image
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.settings import Settings
from cosmicdeploy.stack.model import Dependency, Service
from cosmicdeploy.steps.commands import trial
from cosmicdeploy.steps.containers.restart import restart_checks
from cosmicdeploy.steps.containers.restart.restart_checks import require_another
from cosmicdeploy.steps.rollout import drift
from cosmicdeploy.steps.rollout import rollout as step_module
from cosmicdeploy.steps.rollout.drift import Drift
from cosmicdeploy.steps.rollout.planning.gaps import announced_gaps
from cosmicdeploy.steps.rollout.replacement import executor
from cosmicdeploy.steps.rollout.replacement.executor import Rollout
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit

DEPENDS: Mapping[str, Sequence[str]] = {
    "web-1": ["api"],
    "web-2": ["api"],
    "api": ["config"],
    "admin": ["web-1", "session"],
    "session": ["api"],
    "mailer": [],
    "jobs": [],
    "config": [],
}


def settings() -> Settings:
    """Return the settings; web is the main application although the api comes before it."""
    found = settings_of(
        {"app": ["web-1", "web-2", "admin", "api"], "worker": ["jobs"]},
        applications={"api": {"port": 9000}, "admin": {"port": 8081}},
        restart={"pause": 0, "order": {"app": "stop-first"}},
    )
    found.services._other = ("mailer", "config", "session")
    return found


def service(name: str) -> Service:
    needed = {other: Dependency(condition="service_started") for other in DEPENDS[name]}
    return Service(name=name, container_name=name, image=name, depends_on=needed)


@pytest.fixture
def ctx(ctx: Context) -> Context:
    services = {name: service(name) for name in DEPENDS}
    stack: Any = SimpleNamespace(project="p", services=services, networks={})
    loaded: Any = SimpleNamespace(settings=settings())
    engine: Any = SimpleNamespace(
        container=lambda name: Container(
            id=name, name=name, service=name, project="p", image_id="1", status="running"
        ),
        image=lambda name: None if name == "admin" else Image(id="1"),
        differences=lambda *_: [],
    )
    return replace(ctx, stack=stack, loaded=loaded, engine=engine)


def test_what_others_depend_on_is_replaced_first(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[str] = []
    monkeypatch.setattr(Rollout, "_roll_out", lambda _self, names, _order: replaced.extend(names))
    monkeypatch.setattr(Rollout, "_replace_each", lambda _self, names: replaced.extend(names))
    monkeypatch.setattr(executor, "addresses_are_kept", lambda _: False)
    Rollout(ctx, dict.fromkeys(DEPENDS, "another image runs")).in_batches()
    assert replaced == ["config", "api", "session", "web-1", "web-2", "jobs", "admin", "mailer"]


def test_only_images_of_replaced_applications_are_tried(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = {"jobs": "another image runs", "api": "another image runs"}
    monkeypatch.setattr(
        trial, "drift_of", lambda _, name, **__: Drift(container=None, reason=reasons.get(name))
    )
    tried = trial.applications_to_try(ctx)
    assert [each.name for each in tried] == ["app", "api"], "jobs runs the image of app"
    assert trial.trial_images(ctx, tried) == "web-1, api, each in a container of its own"


def test_a_plan_names_each_application_without_another_replica(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    balancer = SimpleNamespace(describe_waits=lambda names: f"waits for {names}")
    monkeypatch.setattr(step_module, "load_balancer", lambda _: balancer)
    reasons = dict.fromkeys(["web-1", "api", "jobs"], "another image runs")
    assert RolloutStep(name="rollout")._waits(ctx, reasons) == "waits for ['web-1']"
    assert announced_gaps(ctx, reasons) == {
        "api": "no client of api is served between its stop and its start: it is the only replica"
    }


def test_a_restart_leaves_each_application_a_replica(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_another(ctx, ["web-1"])
    with pytest.raises(CosmicError, match="No replica of admin but admin is ready") as only_one:
        require_another(ctx, ["web-1", "admin"])
    assert only_one.value.todo.startswith("restart it although clients may get no answer"), (
        "admin has no other replica that could be made ready"
    )


def test_another_replica_has_to_be_ready_before_the_only_ready_one_restarts(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restart_checks, "serves", lambda _, name: name == "web-1")
    with pytest.raises(CosmicError, match="No replica of app but web-1 is ready") as refused:
        require_another(ctx, ["web-1"])
    assert refused.value.todo == (
        "make another one ready first: `cosmicdeploy up`, or `cosmicdeploy restart web-2`; or"
        " restart it although clients may get no answer: `cosmicdeploy restart web-1 --yes`, or"
        " `leaves_none: true` in the step"
    )


def test_a_plan_shows_only_what_a_build_ahead_replaces(ctx: Context) -> None:
    builds: Any = SimpleNamespace(builds_images=True)
    planning = ctx.with_steps_ahead([builds]).with_run(images_ahead=frozenset({"admin"}))
    assert drift.drift_of(planning, "admin").reason == "an older image runs"
    assert drift.drift_of(planning, "api").reason is None
