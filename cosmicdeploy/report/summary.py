"""Print a report as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cosmicdeploy.probes.result import CheckResult, graded
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.model import ErrorReport, Report
from cosmicdeploy.report.progress import COLORS
from cosmicdeploy.report.views import proof
from cosmicdeploy.report.views.checklist import show_checklist
from cosmicdeploy.report.views.doctor import show_doctor
from cosmicdeploy.report.views.drift import show_differences
from cosmicdeploy.text.formatting import format_releases

# Colors by the kind of an SQL statement; any other kind is green.
STATEMENT_COLORS = {"destructive": "red", "unknown": "red", "risky": "yellow", "data": "yellow"}


def show(report: Report, console: Console) -> None:
    """Print a report without its `data`, error, features and warnings, which other code prints."""
    if report.steps:
        _show_steps(report, console)
    _show_points(report, console)
    for line in proof.lines(report):
        console.print(line, soft_wrap=True)
    # The seconds without a proxy count as maintenance too, but `proof.lines` has printed them.
    without_proxy = max(map(proof.seconds_without_proxy, report.steps), default=0.0)
    if (report.turned_away_seconds or 0.0) > without_proxy:
        console.print(
            f"maintenance: clients were turned away for {report.turned_away_seconds:.1f} s"
        )
    for run in report.unfinished:
        console.print(styled("[yellow]unfinished:[/] {}", run.told), soft_wrap=True)
        console.print(f"  → {run.todo}", soft_wrap=True)
    if not report.steps:  # else the notices were printed before the first step
        _show_notices(report, console)
    _show_end(report, console)


def _show_notices(report: Report, console: Console) -> None:
    for notice in report.notices:
        line = styled("[yellow]note:[/] {}: {}", notice.subject, notice.what)
        console.print(line, soft_wrap=True)
        console.print(f"  → {notice.todo}", soft_wrap=True)


def _show_end(report: Report, console: Console) -> None:
    """Print the last line with the outcome, the file of the page, and a broken promise."""
    if report.steps or report.checks or report.checklist:
        console.print(_last_line(report))
    if report.page and report.steps:
        console.print(styled("page of the run: {}", report.page), soft_wrap=True)
    if report.requests and report.requests.broken:
        line = styled("[red bold]promise broken:[/] {}", report.requests.broken)
        console.print(line, soft_wrap=True)


def _show_points(report: Report, console: Console) -> None:
    """Print the points of a verification, of the checklist, or of `doctor`."""
    if report.checks:
        _show_checks(report.checks, console)
    if report.checklist:
        show_checklist(report.checklist, console)
    if report.doctor:
        show_doctor(report.doctor, report.seconds, console)


def _show_steps(report: Report, console: Console) -> None:
    """Print a table of the steps, then planned SQL and differences from the compose file."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("step", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for step in report.steps:
        outcome = Text(step.outcome, COLORS[step.outcome])
        table.add_row(step.name, outcome, f"{step.seconds:.1f}", step.reason)
    console.print()
    console.print(table)
    for step in report.steps:
        if step.outcome == "planned" and "statements" in step.facts:
            console.print(f"\n{step.name} would run:")
            show_statements(step.facts["statements"], console)
        if "differences" in step.facts:
            console.print(f"\n{step.name}: differences from the compose file")
            show_differences(step.facts["differences"], console)


def show_statements(statements: Iterable[Mapping[str, Any]], console: Console) -> None:
    """Print the SQL statements of migrations, grouped by migration, with their risks."""
    migration = None
    for statement in statements:
        if statement["migration"] != migration:
            migration = statement["migration"]
            console.print(styled("  [bold]{}[/]", migration), soft_wrap=True)
        kind, why = statement["kind"], statement["why"]
        color = STATEMENT_COLORS.get(kind, "green")
        label = f"{kind} ({why})" if why else kind
        line = styled(f"    [{color}]{{}}[/]: {{}}", label, statement["sql"])
        console.print(line, soft_wrap=True)


def _show_checks(checks: Iterable[CheckResult], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "point", "found"):
        table.add_column(column, overflow="fold")
    for check in checks:
        lines = [styled("{}", check.found)]
        if not check.ok:
            lines.append(styled("expected {}\n→ {}", check.expected, check.todo))
        lines += [styled("[yellow]![/] {}", warning) for warning in check.warnings]
        table.add_row(_mark(check), check.point, Text("\n").join(lines))
    console.print(table)


def _mark(check: CheckResult) -> Text:
    if check.skipped:
        return Text("skipped", "dim")
    if check.unproven:
        return Text("UNPROVEN", "yellow")
    if not check.ok:
        return Text("FAILS", "red")
    if not check.warnings:
        return Text("ok", "green")
    return Text("AT RISK", "yellow bold") if check.stake == "requests" else Text("warns", "yellow")


def _last_line(report: Report) -> Text:
    parts = [f"{report.command}: {report.outcome} in {report.seconds:.1f} s"]
    if report.release or report.releases:
        releases = report.releases or {"": str(report.release)}  # a single one needs no name
        parts.append(f"release {format_releases(releases)}")
    if warned := [check for check in report.checks if check.warnings]:
        parts.append("; ".join(map(graded, warned)))
    if report.backup:
        has_data = all(notice.kind != "no database" for notice in report.notices)
        parts.append(f"{'backup' if has_data else 'images kept as'} {report.backup}")
    return styled("[bold]{}[/]", ", ".join(parts))


def show_error(error: ErrorReport, console: Console) -> None:
    """Print an error: what happened, where, its details, and what to do."""
    where = f" ({error.where})" if error.where else ""
    console.print(styled("[red bold]error:[/] {}{}", error.what, where), soft_wrap=True)
    for line in error.details:
        console.print(styled("  [dim]│[/] {}", line), soft_wrap=True)
    if error.todo:
        console.print(f"  → {error.todo}", soft_wrap=True)
