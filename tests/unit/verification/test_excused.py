"""Failures that the verification excuses, because they were known when the run began."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.run_scope import RunScope
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.journal.unfinished.unfinished import InterruptedRun
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.runs.excused_requests import excuse_known_failures
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from cosmicdeploy.verification.excused import Excused
from tests.unit.journal.journal_writer import Writer
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit
KNOWN = KnownFailures(points={"heartbeat": "500", "monitor": "its command fails"})


@pytest.fixture
def writer(ctx: Context) -> Writer:
    return Writer(ctx.journal.path)


@pytest.mark.parametrize("point", ["containers", "images", "health", "heartbeat", "schema"])
def test_no_failure_of_replaced_replicas_is_excused(
    ctx: Context, writer: Writer, point: str
) -> None:
    """The new release has to be proven, no matter what failed before."""
    ctx = replaced(ctx, writer, "web", KnownFailures(points={point: "500"}))
    assert not Excused.of(ctx).excuses(ctx, failing(point))


def test_services_that_were_not_replaced_may_fail_as_before(ctx: Context, writer: Writer) -> None:
    ctx = replaced(ctx, writer, "worker", KNOWN)
    assert Excused.of(ctx).excuses(ctx, failing("heartbeat"))
    assert Excused.of(ctx).excuses(ctx, failing("monitor"))
    assert not Excused.of(ctx).excuses(ctx, failing("orphans"))


def test_a_failure_is_excused_by_the_former_name_of_its_point(ctx: Context, writer: Writer) -> None:
    """A run of an earlier version journalled the former name."""
    ctx = replaced(ctx, writer, "worker", KnownFailures(points={"strays": "second container"}))
    assert Excused.of(ctx).excuses(ctx, failing("orphans"))
    assert Excused.of(ctx).remark(failing("orphans")) == ", as before this run"


def replaced(ctx: Context, writer: Writer, name: str, known: KnownFailures) -> Context:
    """Return the context of a run that has replaced one service."""
    writer.run("own")
    change = {"change": "replace", "before": {"containers": {name: None}}}
    writer.journal.append("intent", step="r", step_kind="rollout", options={}, **change)
    loaded: Any = SimpleNamespace(settings=settings_of({"app": ["web"], "worker": ["worker"]}))
    return replace(ctx, loaded=loaded, journal=writer.journal).with_run(known_failures=known)


def failing(point: str) -> CheckResult:
    return CheckResult(point=point, ok=False, expected="", found="500")


@pytest.mark.parametrize(
    ("known", "excused"),
    [
        (KnownFailures(services={"web": "timed out"}), True),
        (KnownFailures(points={"heartbeat": "timed out"}), True),
        (KnownFailures(services={"worker": "exited"}), False),
        (KnownFailures(new=("web-2",)), False),
        (KnownFailures(new=("nginx",)), True),
        (KnownFailures(), False),
    ],
)
def test_requests_to_a_release_that_hangs_are_excused(known: KnownFailures, excused: bool) -> None:
    """Excused before any request fails: none has failed yet when the plan is ready."""
    settings = settings_of({"app": ["web"], "proxy": "nginx"})
    ctx: Any = SimpleNamespace(
        run=RunScope(known_failures=known, traffic=TrafficStats()),
        settings=settings,
    )
    step = SimpleNamespace(replaces_containers=True)
    plan: Any = [SimpleNamespace(changes=True, step=step)]
    excuse_known_failures(ctx, plan)
    assert bool(ctx.run.traffic.failing_before) is excused


def test_a_run_that_resumes_another_takes_its_known_failures(ctx: Context) -> None:
    run = InterruptedRun(id="a", command="deploy", state={"known_failures": KNOWN.as_json()})
    later = {"known_failures": {**KNOWN.as_json(), "networks": {"a": "b"}}}
    assert KnownFailures.of_state(run.state) == KnownFailures.of_state(later) == KNOWN
