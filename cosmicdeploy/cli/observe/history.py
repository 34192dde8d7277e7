"""The command group `cosmicdeploy history`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import ShowAll, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.journal.history.runs import Filters
    from cosmicdeploy.report.model import Report

app = typer.Typer(invoke_without_command=True)
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help='A run\'s id, the beginning of one, or "latest".',
        autocompletion=completion.runs,
    ),
]


@app.callback(invoke_without_command=True)
@common_options
def history(
    context: typer.Context,
    all_: ShowAll = False,
    *,
    release: Annotated[
        str,
        typer.Option(
            metavar="RELEASE", help="List only runs that placed this release, or were meant to."
        ),
    ] = "",
    outcome: Annotated[
        str,
        typer.Option(
            metavar="OUTCOME",
            help="List only runs with this outcome: changed, unchanged, failed, interrupted, or"
            " unfinished.",
            autocompletion=completion.outcomes,
        ),
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="List only runs from this time on (2d, 18:30, 2026-02-02, ISO 8601).",
        ),
    ] = "",
    config: Path | None,
    terminal: Terminal,
) -> None:
    """List the ten newest runs; with --all or --json, all of them.

    Each run that had the lock is recorded: deploys, rollbacks, restarts, backups, steps and
    playbooks. For each: who ran it, when and from where, the release, what it changed, how long it
    took, how it ended, how many of its requests failed, and its backup. A wide terminal and a pipe
    get more columns, and --json more fields.

    Reads the journal beside the stack, and the journal's archive; needs no engine.

    \b
    Examples:
      cosmicdeploy history
      cosmicdeploy history --outcome failed --since 30d
      cosmicdeploy history --all --json
    """
    if context.invoked_subcommand is not None:
        _require_no_option(context)
        return
    run_command(
        "history",
        terminal,
        lambda call: _list(call, config, _filters(release, outcome, since), show_all=all_),
    )


def _require_no_option(context: typer.Context) -> None:
    """Raise `BadParameter` for an option before the subcommand, which would have no effect."""
    for name in context.params:
        source = context.get_parameter_source(name)
        # Compares the source's name, since its class depends on the Typer release.
        if source is not None and source.name != "DEFAULT":
            raise typer.BadParameter(f"Write options after `{context.invoked_subcommand}`")


def _filters(release: str, outcome: str, since: str) -> Filters:
    from datetime import datetime

    from cosmicdeploy.errors import UsageError
    from cosmicdeploy.journal.history.entry import OUTCOMES
    from cosmicdeploy.journal.history.runs import Filters
    from cosmicdeploy.operations.durations import parse_time
    from cosmicdeploy.text.suggest import did_you_mean

    if outcome and outcome not in OUTCOMES:
        raise UsageError(
            f"There is no outcome {outcome!r}",
            where="--outcome",
            todo=did_you_mean(outcome, OUTCOMES) or f"choose from {', '.join(OUTCOMES)}",
        )
    start = parse_time(since, datetime.now().astimezone()).timestamp() if since else None
    return Filters(release=release, outcome=outcome, since=start)


def _list(call: Call, config: Path | None, filters: Filters, *, show_all: bool) -> Report:
    from cosmicdeploy.journal.history.runs import find_runs
    from cosmicdeploy.operations.history.rows import run_row
    from cosmicdeploy.report.tables import NEWEST_SHOWN
    from cosmicdeploy.report.views.history.list import show_runs
    from cosmicdeploy.workspace import open_journal

    _, journal = open_journal(config, call.event_handler())
    most = None if show_all or call.terminal.json else NEWEST_SHOWN
    found = find_runs(journal, filters, most)
    if not call.terminal.json:
        show_runs(
            call.terminal.console,
            found.runs,
            found.rest,
            has_archive=found.has_archive,
            is_filtered=bool(filters),
        )
    return call.report(outcome="done", data=[run_row(run) for run in found.runs])


@app.command()
@common_options
def show(run: RunArgument = "latest", *, config: Path | None, terminal: Terminal) -> None:
    """Show a run: its steps, the lines of the failed one, and the commands that continue from it.

    \b
    Examples:
      cosmicdeploy history show
      cosmicdeploy history show 3f9c2a71
    """
    run_command("history show", terminal, lambda call: _show(call, config, run))


def _show(call: Call, config: Path | None, reference: str) -> Report:
    from dataclasses import asdict

    from cosmicdeploy.journal.history.runs import find_run
    from cosmicdeploy.operations.history.continuing import continuations
    from cosmicdeploy.operations.history.rows import run_details
    from cosmicdeploy.report.views.history.run import show_run
    from cosmicdeploy.workspace import open_journal

    _, journal = open_journal(config, call.event_handler())
    entry = find_run(journal, reference)
    continuing = [asdict(each) for each in continuations(entry)]
    if not call.terminal.json:
        show_run(call.terminal.console, entry, continuing)
    return call.report(outcome="done", run=entry.id, data=run_details(entry, continuing))
