"""Commands that change the stack."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def deploy(
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a deploy that was interrupted.")
    ] = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="Undo what an interrupted deploy or rollback changed.")
    ] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept",
            help="With --abort: undo nothing; take what runs as the present state, after asking.",
        ),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A migration that may destroy, by name; repeatable."),
    ] = None,
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Put the release in the stack's folder to work.

    Health, backup, build, migrate, preflight, cache clear, rolling restart, verify, watch. A step
    with nothing to do says why. A failed step is undone, with those before it. A deploy that was
    killed is gone on with, or undone first where it had failed. Exit 5 where nothing had to change
    and a check fails.

    What did not work before is named and not demanded, so that a fix needs no option. Where an
    interrupted deploy can be neither finished nor undone, --abort --accept takes what runs as it
    is.

    \b
    Examples:
      cosmicdeploy deploy --plan
      cosmicdeploy deploy
      cosmicdeploy deploy --allow 2026_03_01_000001_drop_old_status
    """
    if abort and (plan or resume or allow):
        raise typer.BadParameter("--abort takes no other option but --accept")
    if accept and not abort:
        raise typer.BadParameter("--accept needs --abort")
    if accept:
        run_command("deploy --abort --accept", terminal, lambda call: _accept(call, config, wait))
    if abort:
        run_command("deploy --abort", terminal, lambda call: _abort(call, config, wait))
    body = partial(_play, config=config, name="deploy", wait=wait, plan=plan, resume=resume)
    run_command("deploy", terminal, partial(body, allowed=frozenset(allow or ())))


@common_options
def up(wait: Wait = 0.0, *, config: Path | None, terminal: Terminal) -> None:
    """Start what does not run; touch nothing that runs.

    \b
    Example:
      cosmicdeploy up
    """
    run_command("up", terminal, lambda call: _play(call, config, "up", wait))


@common_options
def step(
    name: Annotated[
        str,
        typer.Argument(
            help="A step of the deploy playbook: backup, build, …", autocompletion=completion.steps
        ),
    ],
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Run one step of the deploy playbook alone.

    Exit 5 where it is a check that fails.

    \b
    Examples:
      cosmicdeploy step build
      cosmicdeploy step cache-clear
    """
    run_command("step", terminal, lambda call: _play(call, config, "deploy", wait, only=name))


def _play(
    call: Call,
    config: Path | None,
    name: str,
    wait: float,
    *,
    only: str = "",
    plan: bool = False,
    resume: bool = False,
    allowed: frozenset[str] = frozenset(),
) -> Report:
    from cosmicdeploy.cli.reporting import noting, plan_report, run_report
    from cosmicdeploy.operations.checklist.recording import Recording
    from cosmicdeploy.probes.preconditions.notices import show_notices
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.runs.execute import execute, plan_only
    from cosmicdeploy.runs.interrupted import require_deploy
    from cosmicdeploy.workspace import open_playbook, open_stack

    with Watch(call.terminal.console) as watch:
        ctx = replace(open_stack(config, call.hearing(watch)), allowed=allowed)
        playbook = open_playbook(ctx.loaded, name)
        steps = (playbook.alone(only),) if only else playbook.steps
        if resume:
            require_deploy(ctx)
        notices = show_notices(ctx)
        if plan:
            return noting(plan_report(call, plan_only(ctx, call.command, steps)), notices)
        command = f"step {only}" if only else call.command
        recorder = Recording if command == "deploy" else None
        run, measured = execute(ctx, command, steps, wait, recorder)
        return noting(run_report(call, run, measured), notices)


def _abort(call: Call, config: Path | None, wait: float) -> Report:
    from cosmicdeploy.cli.reporting import abort_report
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.runs.execute import abort
    from cosmicdeploy.workspace import open_stack

    with Watch(call.terminal.console) as watch:
        return abort_report(call, abort(open_stack(config, call.hearing(watch)), wait))


def _accept(call: Call, config: Path | None, wait: float) -> Report:
    from cosmicdeploy.operations.acceptance import accept, acceptable, in_place
    from cosmicdeploy.operations.status import status
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.report.views.status import show_status
    from cosmicdeploy.workspace import open_stack

    watch, console = Watch(call.terminal.console), call.terminal.console
    ctx = open_stack(config, call.hearing(watch))
    runs, agreed = acceptable(ctx), in_place(ctx)
    show_status(status(ctx), console)
    for run in runs:
        console.print(f"interrupted: {run.told()}", soft_wrap=True)
    call.terminal.require_yes("Take this as the present state? These runs cannot be undone then")
    with watch:
        rows = accept(ctx, agreed, wait)
    if any(row["drift"] for row in rows):
        console.print("what differs: `cosmicdeploy deploy` puts the folder's release in place")
    return call.report(outcome="changed", release=ctx.running_release() or None, data=rows)
