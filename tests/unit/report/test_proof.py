"""What a run says of its roll."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.report.model import Report, StepReport
from cosmicdeploy.report.views.proof import lines

pytestmark = pytest.mark.unit


def rolled(needed: float, services: dict[str, dict[str, float]]) -> list[str]:
    facts: dict[str, Any] = {"roll": {"seconds": 4.8, "needed": needed, "services": services}}
    step = StepReport(
        name="restart", kind="restart-in-place", outcome="changed", reason="", facts=facts
    )
    report = Report(
        command="restart",
        started_at="2026-11-27T10:00:00+00:00",
        seconds=5.0,
        outcome="changed",
        exit_code=0,
        steps=[step],
    )
    return [line.plain for line in lines(report) if line]


def test_what_goes_side_by_side_is_added_up() -> None:
    app, worker = {"create": 1.0, "healthy": 2.0}, {"create": 3.3}
    assert rolled(6.3, {"app-1": app, "worker": worker}) == [
        "the rollout took 4.8 s; added up, engine and application needed 6.3 s",
        "  to create, to drain, to start and for the first responses; some run in parallel",
    ]


def test_a_restart_creates_nothing() -> None:
    [_, needed] = rolled(2.0, {"app-1": {"drain": 1.0, "start": 1.0}})
    assert needed == "  to drain, to start and for the first responses"
