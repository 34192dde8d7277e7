"""A point that holds with a warning is shown with what the warning puts at stake."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.report.model import Report
from cosmicdeploy.report.summary import show

pytestmark = pytest.mark.unit


def shown(**keys: Any) -> list[str]:
    check = CheckResult(point="proxy", ok=True, expected="a", found="nginx knows", **keys)
    report = Report(
        command="verify", outcome="done", started_at="now", seconds=1.0, checks=(check,)
    )
    out = StringIO()
    show(report, Console(file=out, width=80))
    return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("stake", "mark", "cost"),
    [
        ("requests", "AT RISK", ": may lose requests in a deploy"),
        ("clients", "warns", ": slows clients down in a deploy"),
        ("deploys", "warns", ": slows deploys down"),
        ("", "warns", ""),
    ],
)
def test_a_warning_is_no_plain_ok_and_the_last_line_has_its_cost(
    stake: str, mark: str, cost: str
) -> None:
    lines = shown(warnings=("write fail_timeout=1s",), stake=stake)
    row = next(line for line in lines if "nginx knows" in line)
    assert row.startswith(mark) and "ok" not in row.split()
    assert lines[-1].endswith(f"proxy has 1 warning{cost}")


def test_a_point_without_a_warning_is_ok() -> None:
    lines = shown()
    assert any(line.startswith("ok") and "nginx knows" in line for line in lines)
    assert "warning" not in lines[-1]
