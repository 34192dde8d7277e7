"""The step `verify` says what the warnings of its points put at stake, also in a plan."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.steps import verify
from cosmicdeploy.steps.base import Unchanged
from cosmicdeploy.steps.verify import VerifyStep
from cosmicdeploy.verification.excused import Excused

pytestmark = pytest.mark.unit

GOOD = CheckResult(point="proxy", ok=True, expected="a", found="b")
FLAWED = GOOD.model_copy(update={"warnings": ("x", "y"), "stake": "requests"})
FAILING = CheckResult(point="proxy", ok=False, expected="a", found="host not found")


def reason(monkeypatch: pytest.MonkeyPatch, ctx: Context, result: CheckResult) -> str:
    def run_checks(_ctx: Context, points: Sequence[str]) -> list[CheckResult]:
        assert list(points) == ["proxy"], "a plan checks no other point"
        return [result]

    monkeypatch.setattr(verify, "run_checks", run_checks)
    monkeypatch.setattr(Excused, "of", lambda _ctx: Excused())
    monkeypatch.setattr(Excused, "wait_for_recovery", lambda *_: None)
    finding = VerifyStep(name="verify", only=("proxy",)).check(ctx)
    assert isinstance(finding, Unchanged)
    return finding.reason


def test_a_plan_grades_what_is_at_stake(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = ctx.with_run(is_planning=True, is_plan_only=True)
    stake = "proxy has 2 warnings: may lose requests in a deploy"
    command = "`cosmicdeploy verify --only proxy` shows them"
    assert reason(monkeypatch, plan, FLAWED) == f"checked in the run; {stake} ({command})"
    assert reason(monkeypatch, plan, GOOD) == "checked in the run"
    assert reason(monkeypatch, plan, FAILING).endswith("; proxy fails now: host not found")


def test_a_run_names_the_warnings_of_points_that_hold(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = reason(monkeypatch, ctx, FLAWED)
    assert found == "1 of 1 point holds; proxy has 2 warnings: may lose requests in a deploy"
    assert reason(monkeypatch, ctx, GOOD) == "1 of 1 point holds"
