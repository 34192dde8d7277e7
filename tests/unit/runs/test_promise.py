"""A lost request: its effect on the run and on the report."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import ClassVar

import pytest
from rich.console import Console

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.proof import client_failures
from cosmicdeploy.report.model import Report
from cosmicdeploy.report.summary import show
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.settings import load
from cosmicdeploy.steps.base import Step
from cosmicdeploy.traffic.response import Response
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.unit.runs.append_steps import Append, append, outcomes


def with_setting(ctx: Context, folder: Path, on_failure: str) -> Context:
    path = folder / "cosmicdeploy.yaml"
    path.write_text(
        "services: {app: [web], database: db}\napp: {console: [x]}\n"
        f"database: {{name: shop}}\nprobe: {{on_failure: {on_failure}}}\n"
    )
    return replace(ctx, loaded=load(path, {})).with_run(traffic=lossy_traffic())


def run(ctx: Context, step: Step, *, is_deploy: bool = True) -> Run:
    finished = Run(ctx=ctx, is_deploy=is_deploy)
    finished.execute(make_plan([step], ctx))
    return finished


def lossy_traffic() -> TrafficStats:
    traffic = TrafficStats()
    for status in (200, 502, 200):
        response = Response(url="http://x/api/health", status=status, seconds=0.01)
        traffic.count(response, kept=True)
    return traffic


def test_a_lost_request_undoes_the_deploy_if_configured(
    ctx: Context, words: list[str], tmp_path: Path
) -> None:
    finished = run(with_setting(ctx, tmp_path, "rollback"), append(words, "a"))
    assert finished.error is not None and "1 of 3 requests failed" in finished.error.what
    assert any("502" in line for line in finished.error.details)
    assert words == ["here"] and outcomes(finished) == ["undone"]
    assert [record["kind"] for record in ctx.journal.records()][-1] == "ended"


def test_a_lost_request_is_only_reported_if_configured(
    ctx: Context, words: list[str], tmp_path: Path
) -> None:
    finished = run(with_setting(ctx, tmp_path, "report"), append(words, "a"))
    assert finished.error is None and words == ["here", "a"]


def test_a_run_that_changed_nothing_is_not_undone_for_lost_requests(
    ctx: Context, words: list[str], tmp_path: Path
) -> None:
    finished = run(with_setting(ctx, tmp_path, "rollback"), append(words, "here"))
    assert finished.error is None


def test_only_a_deploy_is_undone_for_lost_requests(
    ctx: Context, words: list[str], tmp_path: Path
) -> None:
    """`up` starts what is down and `rollback` goes back, so neither is undone."""
    step = append(words, "a")
    assert run(with_setting(ctx, tmp_path, "rollback"), step, is_deploy=False).error is None


def shown(traffic: TrafficStats) -> list[str]:
    """Return the lines of the shown report from the request statistics on."""
    report = Report.model_validate(
        {
            "command": "deploy",
            "outcome": "changed",
            "started_at": "now",
            "seconds": 1.0,
            "requests": traffic.facts(),
            "steps": [{"name": "x", "kind": "x", "outcome": "changed", "reason": "y"}],
        }
    )
    out = StringIO()
    show(report, Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    return lines[lines.index("requests during the run: " + first_line(traffic)) :]


def first_line(traffic: TrafficStats) -> str:
    facts = traffic.facts()
    return (
        f"{facts['sent']} sent, {facts['failed']} failed,"
        f" longest gap {round(traffic.longest_gap * 1000, 1):.0f} ms"
    )


def test_the_request_statistics_fit_into_four_lines_of_a_terminal() -> None:
    traffic = TrafficStats()
    for number in range(20_000):
        traffic.count(Response(url="x", status=200, seconds=1.2345), kept=bool(number % 2))
    traffic.beats.update(sent=1000, acknowledged=1000, found=1000)
    traffic.proxy = {"answers": 123456, "errors": 0, "gone": 0, "held": 1234}
    lines = shown(traffic)
    assert len(lines) == 5 and lines[-1].startswith("deploy: changed")
    assert max(map(len, lines)) <= 80
    assert "1000 of 1000 stored" in lines[3] and "0 5xx, 0 499 of 123456" in lines[3]


def test_the_last_line_says_that_the_promise_is_broken() -> None:
    traffic = lossy_traffic()
    traffic.beats.update(sent=1, acknowledged=1)
    traffic.miss(kept=False)
    lines = shown(traffic)
    assert "unknown (no access log)" in lines[3] and "1 of 1 not stored" in lines[3]
    assert lines[4].startswith("  failed: http://x/api/health: 502")
    assert lines[-1] == (
        "promise broken: 1 of 3 requests failed, 1 of 1 acknowledged heartbeats were not stored"
    )


class Replacing(Append):
    """A step that replaces containers."""

    replaces_containers: ClassVar[bool] = True


@pytest.mark.parametrize(("kind", "is_broken"), [(Replacing, True), (Append, False)])
def test_a_502_to_a_client_since_the_first_change_undoes_the_deploy_if_configured(
    ctx: Context,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Append],
    is_broken: bool,
) -> None:
    counts = [{"answers": 100, "errors": n, "gateway": n} for n in (0, 2)]
    monkeypatch.setattr(client_failures, "count_spans", lambda *_, **__: counts)
    opened = with_setting(ctx, tmp_path, "rollback").with_run(traffic=TrafficStats())
    finished = run(opened, append(words, "a", kind))
    assert (finished.error is not None) is is_broken
    if finished.error is not None:
        assert "502 or 504 to 2 of 100 requests of clients" in finished.error.what
