"""The report of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy import workspace
from cosmicdeploy.cli.edge.edge import Call
from cosmicdeploy.cli.reporting import plan_report
from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.runs.plan import Planned
from cosmicdeploy.steps.base import Change, Step, Unchanged
from cosmicdeploy.steps.images.build import BuildStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from cosmicdeploy.workspace import open_stack
from tests.unit.shop import EmptyEngine, write_stack_files

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("step", "release"),
    [(BuildStep(name="build"), "7"), (RolloutStep(name="rollout"), None)],
    ids=["with a build step", "without a build step"],
)
def test_a_plan_reports_the_release_that_it_would_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Step, release: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    write_stack_files(tmp_path)
    (tmp_path / ".env").write_text("APP_VERSION=7\n")
    call = Call(command="deploy", terminal=Terminal(json=True))
    ctx = open_stack(None, call.event_handler())
    for finding in (Change(summary="change something"), Unchanged(reason="nothing to change")):
        report = plan_report(call, [Planned(step=step, finding=finding)], ctx)
        assert report.release == release
