"""Commands that change the stack."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def deploy(
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
    allow: Annotated[
        list[str] | None, typer.Option(help="A migration that may destroy, by name; repeatable.")
    ] = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Put the release in the stack's folder to work.

    Health, backup, build, migrate, cache clear, rolling restart, verify. A step with nothing to do
    says why. A failed step is undone, with those before it.
    """
    allowed = frozenset(allow or ())
    body = partial(_play, config=config, name="deploy", plan=plan, allowed=allowed)
    run_command("deploy", terminal, body)


@common_options
def up(*, config: Path | None, terminal: Terminal) -> None:
    """Start what the compose file declares and does not run; touch nothing that runs."""
    run_command("up", terminal, lambda call: _play(call, config, "up"))


@common_options
def step(
    name: Annotated[str, typer.Argument(help="A step of the deploy playbook: backup, build, …")],
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Run one step of the deploy playbook alone."""
    run_command("step", terminal, lambda call: _play(call, config, "deploy", only=name))


@common_options
def rollback(
    to: Annotated[str, typer.Option("--to", help='A backup\'s id, or "latest".')] = "",
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Go back to a backup, and to the images of its time.

    The present state is backed up first. Heartbeats go on meanwhile; those answered between that
    backup and the swap of the data, a few seconds, are in neither.
    """
    run_command("rollback", terminal, lambda call: _rollback(call, config, to))


def _play(
    call: Call,
    config: Path | None,
    name: str,
    *,
    only: str = "",
    plan: bool = False,
    allowed: frozenset[str] = frozenset(),
) -> Report:
    from cosmicdeploy.cli.reporting import plan_report, run_report
    from cosmicdeploy.operations import execute, plan_only
    from cosmicdeploy.report.watch import Watch
    from cosmicdeploy.workspace import open_playbook, open_stack

    with Watch(call.terminal.console) as watch:
        ctx = replace(open_stack(config, watch), allowed=allowed)
        playbook = open_playbook(ctx.loaded, name)
        steps = (playbook.alone(only),) if only else playbook.steps
        if plan:
            return plan_report(call, plan_only(ctx, steps))
        run, measured = execute(ctx, call.command, steps)
        return run_report(call, run, measured)


def _rollback(call: Call, config: Path | None, to: str) -> Report:
    from cosmicdeploy.cli.reporting import run_report
    from cosmicdeploy.errors import UsageError
    from cosmicdeploy.operations import backup_choices, rollback
    from cosmicdeploy.report.watch import Watch
    from cosmicdeploy.workspace import open_playbook, open_stack

    watch = Watch(call.terminal.console)
    ctx = open_stack(config, watch)
    if not to:
        raise UsageError(
            "No backup is named", todo="add --to ID or --to latest", details=backup_choices(ctx)
        )
    target = ctx.catalogue.get(to)
    made = target.manifest.created_at.astimezone()
    question = (
        f"Go back to {target.id}? The data will be that of {made:%Y-%m-%d %H:%M:%S}; what is there "
        "now is backed up first"
    )
    if not call.terminal.confirm(question):
        raise UsageError("Nothing was touched", todo="say yes to go back")
    with watch:
        run, measured = rollback(ctx, open_playbook(ctx.loaded, "rollback"), target)
        return run_report(call, run, measured)
