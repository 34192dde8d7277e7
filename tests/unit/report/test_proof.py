"""The lines of a report about its rollout and maintenance."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cosmicdeploy.report.model import Report, StepReport
from cosmicdeploy.report.summary import show
from cosmicdeploy.report.views.proof import lines

pytestmark = pytest.mark.unit


def rollout_lines(needed: float, services: dict[str, dict[str, float]]) -> list[str]:
    facts: dict[str, Any] = {"timings": {"seconds": 4.8, "needed": needed, "services": services}}
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


def test_seconds_of_parallel_phases_are_added_up() -> None:
    app, worker = {"create": 1.0, "healthy": 2.0}, {"create": 3.3}
    assert rollout_lines(6.3, {"app-1": app, "worker": worker}) == [
        "the rollout took 4.8 s; added up, engine and application needed 6.3 s",
        "  to create, to drain, to start and for the first responses; some run in parallel",
    ]


def test_only_the_phases_that_took_place_are_named() -> None:
    [_, needed] = rollout_lines(2.0, {"app-1": {"drain": 1.0, "start": 1.0}})
    assert needed == "  to drain, to start and for the first responses"


def test_maintenance_promises_no_503_which_a_stopped_proxy_cannot_send() -> None:
    """After a failed rollback, nothing in the report says that the proxy was stopped."""
    out = StringIO()
    report = Report(
        command="rollback", started_at="now", seconds=9.0, outcome="failed", turned_away_seconds=4.0
    )
    show(report, Console(file=out, width=80))
    assert "maintenance: clients were turned away for 4.0 s" in out.getvalue()
    assert "503" not in out.getvalue()
