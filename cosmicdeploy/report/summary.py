"""Prints a report for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.model import ErrorReport, Report
from cosmicdeploy.report.progress import COLORS
from cosmicdeploy.report.views import proof
from cosmicdeploy.report.views.checklist import show_checklist
from cosmicdeploy.report.views.drift import show_differences

KINDS = {"destructive": "red", "unknown": "red", "risky": "yellow", "data": "yellow"}


def show(report: Report, console: Console) -> None:
    """Print a report: steps, checks, probes, what is unfinished, the last line."""
    if report.steps:
        _steps(report, console)
    if report.checks:
        _checks(report.checks, console)
    if report.checklist:
        show_checklist(report.checklist, console)
    for line in proof.lines(report):
        console.print(line, soft_wrap=True)
    away = max(map(proof.proxy_away, report.steps), default=0.0)
    if (report.turned_away_seconds or 0.0) > away:
        console.print(
            f"maintenance: clients got 503 with Retry-After for {report.turned_away_seconds:.1f} s"
        )
    for run in report.unfinished:
        console.print(styled("[yellow]unfinished:[/] {}", run.told), soft_wrap=True)
        console.print(f"  → {run.todo}", soft_wrap=True)
    # A run prints its notices before the first step.
    for notice in () if report.steps else report.notices:
        line = styled("[yellow]note:[/] {}: {}", notice.service, notice.what)
        console.print(line, soft_wrap=True)
        console.print(f"  → {notice.todo}", soft_wrap=True)
    if report.steps or report.checks or report.checklist:
        console.print(_last_line(report))
    if report.requests and report.requests.broken:
        line = styled("[red bold]promise broken:[/] {}", report.requests.broken)
        console.print(line, soft_wrap=True)


def _steps(report: Report, console: Console) -> None:
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
            console.print(f"\n{step.name}, by the compose file:")
            show_differences(step.facts["differences"], console)


def show_statements(statements: Iterable[Mapping[str, Any]], console: Console) -> None:
    """Print what migrations would run: the statements of each, with their risks."""
    last = None
    for statement in statements:
        if statement["migration"] != last:
            last = statement["migration"]
            console.print(styled("  [bold]{}[/]", last), soft_wrap=True)
        kind, why = statement["kind"], statement["why"]
        color = KINDS.get(kind, "green")
        label = f"{kind} ({why})" if why else kind
        line = styled(f"    [{color}]{{}}[/]: {{}}", label, statement["sql"])
        console.print(line, soft_wrap=True)


def _checks(checks: Iterable[CheckResult], console: Console) -> None:
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
    return Text("ok", "green") if check.ok else Text("FAILS", "red")


def _last_line(report: Report) -> Text:
    parts = [f"{report.command}: {report.outcome} in {report.seconds:.1f} s"]
    if report.release:
        parts.append(f"release {report.release}")
    if report.backup:
        parts.append(f"backup {report.backup}")
    return styled("[bold]{}[/]", ", ".join(parts))


def show_error(error: ErrorReport, console: Console) -> None:
    """Print an error: what happened, where, its details, and what to do."""
    place = f" ({error.where})" if error.where else ""
    console.print(styled("[red bold]error:[/] {}{}", error.what, place), soft_wrap=True)
    for line in error.details:
        console.print(styled("  [dim]│[/] {}", line), soft_wrap=True)
    if error.todo:
        console.print(f"  → {error.todo}", soft_wrap=True)
