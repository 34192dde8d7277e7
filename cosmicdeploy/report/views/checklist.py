"""Show the result of `checklist` as text, and convert it into checks for JUnit."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from rich.console import Console
from rich.table import Table

from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.model import BaselineReport, ChecklistReport, PointReport
from cosmicdeploy.report.views.backups import age, ago
from cosmicdeploy.text.formatting import format_time

COLORS = {"better": "green", "same": "green", "worse": "red bold", "unknown": "yellow"}


def show_checklist(report: ChecklistReport, console: Console) -> None:
    """Print each point with its verdict and what to do.

    The last lines name the time of the evidence, the baseline, and how often each verdict occurs.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("point", no_wrap=True)
    table.add_column("found", overflow="fold")
    for point in report.points:
        color = COLORS[point.verdict]
        verdict = styled(f"[{color}]{{}}[/]", point.verdict)
        table.add_row(verdict, point.point, "\n".join(_lines(point)))
    console.print(table)
    console.print()
    for line in (_since(report), _compared(report.baseline), _counted(report)):
        console.print(line, soft_wrap=True)


def as_checks(report: ChecklistReport) -> list[CheckResult]:
    """Return the points as checks: a worse point fails, an unknown point is skipped."""
    return [
        CheckResult(
            point=point.point,
            ok=point.verdict != "worse",
            expected=f"not worse than before ({point.was or 'unknown'})",
            found=f"{point.verdict}: {point.why or point.found}",
            todo=point.todo,
            skipped=point.verdict == "unknown",
        )
        for point in report.points
    ]


def _lines(point: PointReport) -> list[str]:
    lines = [point.found]
    if point.why and point.why != point.found:
        lines.append(point.why)
    if point.was:
        lines.append(f"before: {point.was}")
    if point.verdict in ("worse", "unknown") and point.todo:
        lines.append(f"→ {point.todo}")
    return lines


def _since(report: ChecklistReport) -> str:
    since = datetime.fromisoformat(report.since)
    return f"evidence since {format_time(since)} ({age(since)})"


def _compared(baseline: BaselineReport | None) -> str:
    if baseline is None:
        return (
            "no baseline: the next deploy records one, or `cosmicdeploy checklist --record` does"
            " now"
        )
    at = datetime.fromisoformat(baseline.at)
    release = f" of release {baseline.release_before}" if baseline.release_before else ""
    recorded = f"{format_time(at)} (`{baseline.command}`, {ago(at)})"
    return f"compared with the baseline{release}, recorded {recorded}"


def _counted(report: ChecklistReport) -> str:
    counts = Counter[str](point.verdict for point in report.points)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in COLORS if counts[verdict])
