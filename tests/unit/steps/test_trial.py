"""When a run tries the new image in a container of its own, before it replaces a replica."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.runs.plan import Planned, with_steps_ahead
from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.base import Change, Unchanged, Undecided
from cosmicdeploy.steps.commands import trial
from cosmicdeploy.steps.commands.trial import TrialStep
from cosmicdeploy.steps.containers.services import ServicesStep
from cosmicdeploy.steps.rollout import preflight
from cosmicdeploy.steps.rollout.preflight import PreflightStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit

ROLLOUT = RolloutStep(name="rollout")
STEPS = [TrialStep(name="trial"), PreflightStep(name="preflight")]


def context(ctx: Context, monkeypatch: pytest.MonkeyPatch, replaced: set[str], **keys: Any) -> Any:
    """Return a context in which the containers of these services will be replaced."""
    web = Service(name="web", container_name="web", image="shop/web", **keys)
    monkeypatch.setattr(trial, "_is_replaced", lambda _ctx, name: name in replaced)
    loaded: Any = SimpleNamespace(settings=settings_of({"app": ["web"], "worker": ["queue"]}))
    stack: Any = SimpleNamespace(services={"web": web})
    change = Change(summary="replace", before={"containers": dict.fromkeys(replaced)})
    opened = replace(ctx, loaded=loaded, stack=stack)
    return with_steps_ahead(opened, [Planned(step=ROLLOUT, finding=change)])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@pytest.mark.parametrize(
    ("replaced", "is_tried"), [({"mailer"}, False), ({"mailer", "web"}, True), ({"queue"}, True)]
)
def test_the_image_is_tried_only_if_a_service_of_the_application_is_replaced(
    ctx: Context,
    monkeypatch: pytest.MonkeyPatch,
    step: TrialStep | PreflightStep,
    replaced: set[str],
    is_tried: bool,
) -> None:
    finding = step.check(context(ctx, monkeypatch, replaced))
    assert isinstance(finding, Change) is is_tried
    if isinstance(finding, Unchanged):
        assert finding.reason == "no replica will be replaced"


def test_a_service_that_another_step_creates_is_not_created_by_the_rollout_too(
    ctx: Context,
) -> None:
    created = Change(summary="", before={"containers": {"search": None}})
    dependencies = ServicesStep(name="dependencies", roles=("other",))
    first = Planned(step=dependencies, finding=created)
    assert with_steps_ahead(ctx, [first]).run.steps_ahead.created == {"search"}
    replaced = Change(summary="", before={"containers": {"web": None}})
    both = [first, Planned(step=ROLLOUT, finding=replaced)]
    assert with_steps_ahead(ctx, both).run.steps_ahead.created == frozenset()
    assert with_steps_ahead(ctx, both).run.steps_ahead.affected == {"search", "web"}
    unknown = [first, Planned(step=ROLLOUT, finding=Undecided(reason="known after build"))]
    assert with_steps_ahead(ctx, unknown).run.steps_ahead.affected is None


@pytest.mark.parametrize(("mode", "whose"), [("host", "the host"), ("service:vpn", "vpn")])
def test_no_trial_listens_where_the_application_does(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, mode: str, whose: str
) -> None:
    """With SO_REUSEPORT it would get clients' requests; without it, it could not start."""
    opened = context(ctx, monkeypatch, {"web"}, network_mode=mode)
    tried, planned = (step.check(opened) for step in STEPS)
    assert isinstance(tried, Unchanged) and f"the network of {whose}" in tried.reason
    assert isinstance(planned, Change) and planned.summary.startswith("check the old replicas; no")
    assert planned.summary.endswith("its first replica has to run for 10 s instead")
    checked: list[tuple[str, bool]] = []

    def check(_ctx: Context, _application: object, name: str, *, must_know_token: bool) -> None:
        checked.append((name, must_know_token))

    monkeypatch.setattr(preflight, "_check_old_replica", check)
    assert STEPS[1].apply(opened, planned) == {"tried": {}}
    assert checked == [("web", True)], "the old replica has to show what a trial would"
