"""Show a single run: what is known of it, its steps, its error, and the commands to continue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console
from rich.text import Text

from cosmicdeploy.journal.history.entry import RunEntry
from cosmicdeploy.journal.records.summary import RequestsSummary, StatsSummary
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.tables import table
from cosmicdeploy.report.views.history.words import (
    command,
    ended_by,
    outcome,
    release_change,
    where_from,
)
from cosmicdeploy.text.formatting import counted, format_timestamp


def show_run(console: Console, run: RunEntry, continuing: Iterable[Mapping[str, str]]) -> None:
    """Print what is recorded of a run, without its measurements over time; then how to continue.

    `continuing` are the commands that continue from the run; each has the keys `command` and
    `does`, a description.
    """
    facts = [{"": name, " ": value} for name, value in facts_of(run) if value]
    console.print(table(("", " "), facts))
    _show_steps(console, run)
    _show_error(console, run)
    for line in _lines(run):
        console.print(line, soft_wrap=True)
    console.print("\nTo continue:")
    for each in continuing:
        console.print(styled("  [bold]{}[/]  {}", each["command"], each["does"]), soft_wrap=True)


def facts_of(run: RunEntry) -> Iterator[tuple[str, str]]:
    """Yield the names and values of what is known of a run; a value is "" if there is none."""
    yield "run", run.id
    yield "command", command(run)
    yield "to backup", run.target or ""
    yield "began", format_timestamp(run.at)
    yield "who", run.who
    yield from where_from(run)
    yield "release", release_change(run)
    yield "outcome", outcome(run)
    yield "took", "" if run.seconds is None else f"{run.seconds:.1f} s"
    yield "changed", ", ".join(run.changed) or "nothing"
    yield "requests", _requests(run)
    yield "backup", run.backup
    yield "ended by", ended_by(run)
    yield "ended runs", ", ".join(run.resolves)


def _requests(run: RunEntry) -> str:
    requests = run.summary.requests if run.summary else None
    if requests is None:
        return "none were sent" if run.sent_no_requests else ""
    gap = f"longest gap {requests.longest_gap_ms:.0f} ms"
    return f"{requests.sent} sent, {requests.failed} failed, {gap}"


def _show_steps(console: Console, run: RunEntry) -> None:
    rows = [
        {
            "step": step.name,
            "outcome": step.outcome,
            "seconds": f"{step.seconds:.1f}",
            "why": step.reason,
        }
        for step in run.steps
    ]
    console.print()
    if rows:
        console.print(table(("step", "outcome", "seconds", "why"), rows))
    else:
        console.print("no step is recorded")


def _show_error(console: Console, run: RunEntry) -> None:
    error = run.summary.error if run.summary else None
    if error is None:
        if run.failure:
            console.print(styled("\n[red bold]failed:[/] {}", run.failure), soft_wrap=True)
        return
    where = f" ({error.where})" if error.where else ""
    console.print(styled("\n[red bold]failed:[/] {}{}", error.what, where), soft_wrap=True)
    for line in error.details:
        console.print(styled("  [dim]│[/] {}", line), soft_wrap=True)
    if error.output:
        step = run.failing_step
        name = step.name if step else "the run"
        console.print(styled("  last lines of {}:", name))
    for line in error.output:
        console.print(styled("  [dim]│[/] {}", line), soft_wrap=True)
    if error.todo:
        console.print(styled("  → {}", error.todo), soft_wrap=True)


def _lines(run: RunEntry) -> Iterator[Text]:
    summary = run.summary
    if summary is None:
        yield Text("no summary is recorded: what was measured, and unchanged steps, are unknown")
        return
    if summary.requests:
        yield from _request_lines(summary.requests)
    for gap in summary.gaps:
        most = f"(at most {gap.at_most_seconds:.0f} s)"
        yield styled("gap: {} {} for {} s {}", gap.service, gap.what, f"{gap.seconds:.1f}", most)
    for restarted, count in summary.restarts.items():
        if count:
            yield styled("restarts: {} by {}", counted(count, "restart"), restarted)
    for warning in summary.warnings:
        yield styled("[yellow]warning:[/] {}", warning)
    if summary.left_out:
        yield styled("too large to record: {}", ", ".join(summary.left_out))


def _request_lines(requests: RequestsSummary) -> Iterator[Text]:
    yield Text()
    yield styled("requests on new connections:  {}", _stats(requests.new))
    yield styled("requests on kept connections: {}", _stats(requests.kept))
    for failure in requests.failures:
        yield styled("  [red]failed:[/] {}", failure)
    if requests.broken:
        yield styled("[red bold]promise broken:[/] {}", requests.broken)


def _stats(stats: StatsSummary) -> str:
    times = f"p50 {stats.p50_ms:.1f}, p99 {stats.p99_ms:.1f}, max {stats.max_ms:.1f} ms"
    return f"{stats.sent} sent, {stats.failed} failed, {times}"
