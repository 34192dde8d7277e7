"""Show the runs of a stack: the list, and a single run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from cosmicdeploy.journal.history.entry import UNFINISHED, RunEntry
from cosmicdeploy.journal.records.origin import CiJob, GitState
from cosmicdeploy.journal.records.summary import RequestsSummary, StatsSummary
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.tables import one_line_table, table
from cosmicdeploy.text.formatting import counted, format_short_timestamp, format_timestamp

COLUMNS = ("run", "when", "who", "command", "release", "outcome", "s", "failed")
# Of a wider terminal, and of a pipe, where nothing is cut.
MORE_COLUMNS = (*COLUMNS, "changed", "backup", "commit", "ci")
WIDE = 160
NO_RUN = (
    "No run is recorded yet: each deploy, rollback, restart and backup is, once it has the lock"
)
NOTHING = "No run matches; `cosmicdeploy history` lists the newest without a filter"
NEXT = "`cosmicdeploy history show RUN` shows one, `cosmicdeploy report RUN --open` as a page"
SHORT_COMMIT = 12
UNKNOWN = "unknown"


def show_runs(
    console: Console, runs: Sequence[RunEntry], rest: int, *, has_archive: bool, is_filtered: bool
) -> None:
    """Print a line for each run, then notes on them.

    `rest` older runs are left out, and more of them if `has_archive`.
    """
    if not runs:
        console.print(NOTHING if is_filtered else NO_RUN, soft_wrap=True)
        return
    columns = MORE_COLUMNS if console.width >= WIDE else COLUMNS
    console.print(one_line_table(columns, map(_row, runs)))
    for note, ids in _notes(runs).items():
        console.print(styled("  {}: {}", ", ".join(ids), note), soft_wrap=True)
    if rest or has_archive:
        count = f"{rest} and those in the archive are" if has_archive else f"{rest} are"
        console.print(f"older runs: {count} not shown; --all shows them")
    console.print(NEXT, soft_wrap=True)


def _row(run: RunEntry) -> dict[str, object]:
    origin = run.origin
    return {
        "run": run.id,
        "when": format_short_timestamp(run.at),
        "who": run.who,
        "command": command(run),
        "release": shown_release(run),
        "outcome": run.outcome,
        "s": "" if run.seconds is None else f"{run.seconds:.0f}",
        "failed": _failed(run),
        "changed": ", ".join(run.changed),
        "backup": run.backup,
        "commit": _commit(origin.git) if origin and origin.git else "",
        "ci": _job(origin.ci) if origin and origin.ci else "",
    }


def _notes(runs: Iterable[RunEntry]) -> dict[str, list[str]]:
    """Return note → ids of its runs, for what is too long for a row of 80 columns."""
    notes: dict[str, list[str]] = {}
    for run in runs:
        if run.resolved_by:
            note = f"ended by the later run {run.resolved_by}"
        elif run.end == "not undone":
            note = "not all of it is undone: see `cosmicdeploy status`"
        elif run.outcome == UNFINISHED:
            note = "no end is recorded: it goes on, or was killed: see `cosmicdeploy status`"
        else:
            continue
        notes.setdefault(note, []).append(run.id)
    return notes


def command(run: RunEntry) -> str:
    """Return the command line of a run, with the services that it included."""
    return " ".join([run.command, *(f"--include {name}" for name in run.included)])


def shown_release(run: RunEntry) -> str:
    """Return the release that a run put in place, or was to; "" for a run that places none."""
    if run.outcome in ("changed", "unchanged") or not run.kind.places_release:
        return run.placed_release if run.summary or run.kind.places_release else ""
    return run.release


def _failed(run: RunEntry) -> str:
    """Return how many of the run's requests failed, for a table; "" if it sent none."""
    requests = run.summary.requests if run.summary else None
    return f"{requests.failed} of {requests.sent}" if requests else ""


def show_run(console: Console, run: RunEntry, continuing: Iterable[Mapping[str, str]]) -> None:
    """Print everything that is recorded of a run, but for its measurements over time."""
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
    """Yield what is known of a run, each with its name; "" for what it did not have."""
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
    yield "ended by", f"the later run {run.resolved_by}" if run.resolved_by else ""
    yield "ended runs", ", ".join(run.resolves)


def where_from(run: RunEntry) -> Iterator[tuple[str, str]]:
    """Yield host, CI job and commit, each with its name."""
    yield "host", run.host or UNKNOWN
    if run.origin is None:
        yield "from", "not recorded: the run is of an earlier version"
        return
    yield "CI job", _job(run.origin.ci) if run.origin.ci else "none"
    yield "CI link", run.origin.ci.url if run.origin.ci else ""
    git = run.origin.git
    yield "commit", _commit(git, full=True) if git else "unknown: no git repository was readable"


def _job(job: CiJob) -> str:
    return ": ".join(filter(None, (job.system, job.job)))


def _commit(git: GitState, *, full: bool = False) -> str:
    states = {True: "dirty", False: "clean" if full else "", None: "dirty or not: unknown"}
    branch = git.branch or ("no branch" if full else "")
    commit = git.commit if full else git.commit[:SHORT_COMMIT]
    return " ".join(filter(None, (commit, branch, states[git.dirty])))


def release_change(run: RunEntry) -> str:
    """Return the release before, and the one that the run put in place or was to."""
    before = ", ".join(dict.fromkeys(run.releases_before.values()))
    after = shown_release(run)
    if not before or before == after:
        return after
    return f"{before} → {after}" if after else before


def outcome(run: RunEntry) -> str:
    """Return in words how a run ended."""
    if run.end == "undone" and run.begun:
        return f"{run.outcome}; everything that it had changed was undone"
    if run.end == "undone":
        return f"{run.outcome} before it changed anything"
    if run.end == "not undone":
        return f"{run.outcome}; NOT everything was undone"
    if run.outcome == UNFINISHED:
        return "no end is recorded: it goes on, or was killed"
    return run.outcome


def _requests(run: RunEntry) -> str:
    requests = run.summary.requests if run.summary else None
    if requests is None:
        return "" if run.summary is None else "none were sent"
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
