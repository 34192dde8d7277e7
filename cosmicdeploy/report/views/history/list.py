"""Show the list of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from cosmicdeploy.journal.history.entry import UNFINISHED, RunEntry
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.tables import one_line_table
from cosmicdeploy.report.views.history.words import (
    command,
    commit_name,
    ended_by,
    job_name,
    shown_release,
)
from cosmicdeploy.text.formatting import format_short_timestamp

COLUMNS = ("run", "when", "who", "command", "release", "outcome", "s", "failed")
# The columns in a wider terminal, and in a pipe, where no cell is cut.
MORE_COLUMNS = (*COLUMNS, "changed", "backup", "commit", "ci")
WIDE = 160
NO_RUN = (
    "No run is recorded yet: a deploy, rollback, restart or backup is recorded once it has the lock"
)
NOTHING = "No run matches; `cosmicdeploy history` lists the newest without a filter"
NEXT = "`cosmicdeploy history show RUN` shows a run, `cosmicdeploy report RUN --open` its page"


def show_runs(
    console: Console, runs: Sequence[RunEntry], rest: int, *, has_archive: bool, is_filtered: bool
) -> None:
    """Print a line for each run, then notes on the runs.

    `runs` lacks `rest` older runs of the journal, and with `has_archive` also those of its archive.
    """
    if not runs:
        console.print(NOTHING if is_filtered else NO_RUN, soft_wrap=True)
        return
    columns = MORE_COLUMNS if console.width >= WIDE else COLUMNS
    console.print(one_line_table(columns, map(_row, runs)))
    for note, ids in _notes(runs).items():
        console.print(styled("  {}: {}", ", ".join(ids), note), soft_wrap=True)
    older = [str(rest)] if rest else []
    older += ["those in the archive"] if has_archive else []
    if older:
        console.print(f"older runs: {' and '.join(older)} are not shown; --all shows them")
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
        "commit": commit_name(origin.git) if origin and origin.git else "",
        "ci": job_name(origin.ci) if origin and origin.ci else "",
    }


def _notes(runs: Iterable[RunEntry]) -> dict[str, list[str]]:
    """Return note → ids of its runs, for what is too long for a row of 80 columns."""
    notes: dict[str, list[str]] = {}
    for run in runs:
        if run.resolved_by:
            note = f"ended by {ended_by(run)}"
        elif run.end == "not undone":
            note = "not everything was undone: see `cosmicdeploy status`"
        elif run.outcome == UNFINISHED:
            note = "no end is recorded: it goes on, or was killed: see `cosmicdeploy status`"
        else:
            continue
        notes.setdefault(note, []).append(run.id)
    return notes


def _failed(run: RunEntry) -> str:
    """Return how many of the run's requests failed, for a table; "" if it sent none."""
    requests = run.summary.requests if run.summary else None
    return f"{requests.failed} of {requests.sent}" if requests else ""
