"""A proxy that the run stopped for maintenance fails no check; the plan mentions the stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.maintenance import maintenance_notice
from cosmicdeploy.settings import load
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.containers.maintenance.resume import ResumeStep
from cosmicdeploy.steps.health import HealthStep
from cosmicdeploy.steps.images.rollback_tags import ImagesStep
from cosmicdeploy.verification.points import run_check
from tests.unit.proxy.engine import container

SETTINGS = """\
services: {app: [app], database: db, proxy: proxy}
app: {console: [x]}
database: {name: shop}
verify: {heartbeat: {path: /beat, token_variable: TOKEN, answers_with: ok}}
"""
POINTS = ("containers", "proxy", "heartbeat")


class ProxyStopped:
    """An engine whose containers all run, except the proxy."""

    def container(self, name: str) -> Any:
        status = "exited" if name == "proxy" else "running"
        return container(name, "172.20.0.1", status=status)

    def containers(self, *_args: Any) -> list[Any]:
        return []


@pytest.fixture
def stopped(ctx: Context, tmp_path: Path) -> Context:
    """A stack whose proxy is stopped; `maintenance.file` is not set."""
    path = tmp_path / "cosmicdeploy.yaml"
    path.write_text(SETTINGS)
    names = ("app", "db", "proxy")
    services = {name: SimpleNamespace(container_name=name, ports=()) for name in names}
    stack: Any = SimpleNamespace(services=services, project="p")
    engine: Any = ProxyStopped()
    return replace(ctx, loaded=load(path, {"TOKEN": "t"}), stack=stack, engine=engine)


def test_a_proxy_that_no_run_stopped_fails_the_points(stopped: Context) -> None:
    assert [run_check(stopped, point).ok for point in POINTS] == [False, True, False]


def test_a_proxy_that_the_run_stopped_and_will_start_fails_no_point(stopped: Context) -> None:
    stopped.run.maintenance.open()
    found = {point: run_check(stopped, point) for point in POINTS}
    assert all(result.ok for result in found.values()), found
    assert "proxy is stopped" in found["containers"].found
    assert found["proxy"].skipped and found["heartbeat"].skipped
    finding = HealthStep(name="health", of=("containers",)).check(stopped)
    assert "2 containers healthy, proxy stopped" in finding.reason  # type: ignore[union-attr]


def test_a_proxy_stopped_by_an_earlier_run_fails_no_point_until_clients_are_let_in(
    stopped: Context,
) -> None:
    """The run resumes a killed run, or found everything stopped already."""
    images, quiesce = ImagesStep(name="images"), QuiesceStep(name="quiesce")
    resume = ResumeStep(name="resume")
    assert run_check(stopped.with_steps_ahead([images, resume]), "containers").ok
    before_stop = stopped.with_steps_ahead([quiesce, resume])
    assert not run_check(before_stop, "containers").ok, "this run has yet to stop the proxy"


def test_the_plan_says_how_clients_are_kept_out_and_about_how_long(stopped: Context) -> None:
    notice = maintenance_notice(stopped)
    assert "clients cannot connect: proxy is stopped" in notice and "is not measured yet" in notice
    phases = {"app": {"create": 1.0, "start": 1.0, "healthy": 3.0}, "job": {"drain": 2.0}}
    done = {"timings": {"services": phases}}
    stopped.journal.append("done", step="rollout", step_kind="rollout", facts=done)
    assert "about 7 s" in maintenance_notice(stopped)
    kept_out = {"turned_away_seconds": 17.3}
    stopped.journal.append("done", step="resume", step_kind="resume", facts=kept_out)
    assert "about 17 s, like last time" in maintenance_notice(stopped)
