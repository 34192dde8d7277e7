"""The command `cosmicdeploy deploy`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import Include, Plan, RemoveOrphans, Wait, common_options
from cosmicdeploy.cli.playbook_run import run_stack_playbook
from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.journal.run_kind import RunKind

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def deploy(
    plan: Plan = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Resume an interrupted deploy; exit 2 if there is none."),
    ] = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="Undo an interrupted deploy or rollback, then exit.")
    ] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept",
            help="Keep what runs now instead of undoing it; only with --abort; asks first.",
        ),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MIGRATION",
            help="Allow this migration, although it may destroy data; repeatable.",
        ),
    ] = None,
    wait: Wait = 0.0,
    *,
    include: Include = None,
    remove_orphans: RemoveOrphans = False,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Deploy the release in the stack's folder.

    Runs the deploy playbook. Its main steps are health, pull, backup, build, migrate, preflight,
    cache clear, rollout, reload, verify and soak. A step with nothing to do says why. If a step
    fails, the run undoes it and the steps before it. Resumes an interrupted deploy; if that had
    already failed, undoes it first. Exit 5 if nothing had to change and a check fails.

    Creates services that are new in the compose file. Names containers of services that the file no
    longer declares. With --remove-orphans, stops these containers, and removes them once the deploy
    has succeeded; their volumes stay. If the deploy fails, starts the containers again.

    Infrastructure (database, cache, proxy, other services that keep data) is replaced only with
    --include. Before each run, a notice names infrastructure that has changed, and what replacing
    it costs.

    What failed before the deploy is named, but does not fail the deploy, so that a deploy can fix
    it. If an interrupted deploy can be neither resumed nor undone, use --abort --accept.

    \b
    Examples:
      cosmicdeploy deploy --plan
      cosmicdeploy deploy
      cosmicdeploy deploy --remove-orphans
      cosmicdeploy deploy --allow 2026_03_01_000001_drop_old_status
      cosmicdeploy deploy --include proxy
    """
    if abort and (plan or resume or allow or include or remove_orphans):
        raise typer.BadParameter(
            "--abort excludes --plan, --resume, --allow, --include and --remove-orphans"
        )
    if accept and not abort:
        raise typer.BadParameter("--accept needs --abort")
    if accept:
        run_command(  # exits
            "deploy --abort --accept", terminal, lambda call: _accept(call, config, wait)
        )
    if abort:
        run_command("deploy --abort", terminal, lambda call: _abort(call, config, wait))  # exits
    allowed = frozenset(allow or ())
    run_command(
        "deploy",
        terminal,
        lambda call: run_stack_playbook(
            call,
            config,
            "deploy",
            RunKind.DEPLOY,
            wait,
            plan=plan,
            resume=resume,
            allowed=allowed,
            include=include or (),
            remove_orphans=remove_orphans,
        ),
    )


def _abort(call: Call, config: Path | None, wait: float) -> Report:
    from cosmicdeploy.cli.reporting import abort_report
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.runs.execute import abort
    from cosmicdeploy.workspace import open_stack

    with ProgressView(call.terminal.console) as view:
        return abort_report(call, abort(open_stack(config, call.event_handler(view)), wait))


def _accept(call: Call, config: Path | None, wait: float) -> Report:
    from cosmicdeploy.cli.reporting import release_fields
    from cosmicdeploy.operations.acceptance import accept, acceptable, in_place, kept_data
    from cosmicdeploy.operations.status import status
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.report.views.status import show_status
    from cosmicdeploy.workspace import open_stack

    view, console = ProgressView(call.terminal.console), call.terminal.console
    ctx = open_stack(config, call.event_handler(view))
    interrupted_runs, containers = acceptable(ctx), in_place(ctx)
    show_status(status(ctx), console)
    for run in interrupted_runs:
        console.print(f"interrupted: {run.description()}", soft_wrap=True)
    if line := kept_data(ctx, interrupted_runs):
        console.print(line, soft_wrap=True)
    call.terminal.require_yes(
        "Record this as the present state? The interrupted runs can then no longer be undone"
    )
    with view:
        rows = accept(ctx, containers, wait)
    if any(row["drift"] for row in rows):
        console.print("Some containers drift: `cosmicdeploy deploy` deploys the folder's release")
    return call.report(outcome="changed", data=rows, **release_fields(ctx))
