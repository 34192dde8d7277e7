"""`cosmicdeploy backup …`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.backups import retention
from cosmicdeploy.cli.backups.copies import copy, fetch
from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report

app = typer.Typer(help="Make, prove, keep and copy backups of the database.", no_args_is_help=True)
Backup = Annotated[
    str, typer.Argument(help='A backup\'s id, or "latest".', autocompletion=completion.backups)
]


@app.command()
@common_options
def create(wait: Wait = 0.0, *, config: Path | None, terminal: Terminal) -> None:
    """Make a verified backup now, and its copies.

    \b
    Example:
      cosmicdeploy backup create
    """
    run_command("backup create", terminal, lambda call: _create(call, config, wait))


@app.command("list")
@common_options
def list_(
    copies: Annotated[bool, typer.Option("--copies", help="Also where copies are.")] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """List all backups, newest first.

    \b
    Example:
      cosmicdeploy backup list --copies
    """
    run_command("backup list", terminal, lambda call: _list(call, config, copies))


@app.command()
@common_options
def show(backup: Backup = "latest", *, config: Path | None, terminal: Terminal) -> None:
    """Show all that is known of a backup.

    \b
    Example:
      cosmicdeploy backup show latest
    """
    run_command("backup show", terminal, lambda call: _show(call, config, backup))


@app.command()
@common_options
def verify(
    backup: Backup = "latest",
    restore: Annotated[
        bool, typer.Option("--restore", help="Also load it into a scratch schema and compare.")
    ] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Read a backup again and compare it with its manifest.

    Exit 5 where it differs.

    \b
    Examples:
      cosmicdeploy backup verify
      cosmicdeploy backup verify 20261126-211622-d21b --restore
    """
    run_command("backup verify", terminal, lambda call: _verify(call, config, backup, restore))


app.command()(retention.pin)
app.command()(retention.unpin)
app.command()(retention.prune)
app.command()(copy)
app.command()(fetch)


def _create(call: Call, config: Path | None, wait: float) -> Report:
    from cosmicdeploy.cli.reporting import run_report
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.runs.execute import execute
    from cosmicdeploy.steps.backups.backup import BackupStep
    from cosmicdeploy.workspace import open_stack

    with Watch(call.terminal.console) as watch:
        ctx = open_stack(config, call.hearing(watch))
        step = BackupStep(name="backup")
        return run_report(call, *execute(ctx, call.command, [step.alone()], wait))


def _list(call: Call, config: Path | None, copies: bool) -> Report:
    from cosmicdeploy.report.views.backups import show_backups
    from cosmicdeploy.workspace import open_stack

    backups = open_stack(config, call.hearing()).catalogue.list()
    if not call.terminal.json:
        show_backups(call.terminal.console, backups, copies=copies)
    return call.report(outcome="done", data=[backup.facts() for backup in backups])


def _show(call: Call, config: Path | None, reference: str) -> Report:
    from cosmicdeploy.report.views.backups import show_backup
    from cosmicdeploy.workspace import open_stack

    backup = open_stack(config, call.hearing()).catalogue.find(reference)
    if not call.terminal.json:
        show_backup(call.terminal.console, backup)
    return call.report(outcome="done", backup=backup.id, data=backup.facts())


def _verify(call: Call, config: Path | None, reference: str, restore: bool) -> Report:
    from cosmicdeploy.cli.reporting import proof_report
    from cosmicdeploy.database.restore.verify import verify_and_record, verify_restore_and_record
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.hearing())
    backup = ctx.catalogue.get(reference)
    if restore:
        result = verify_restore_and_record(ctx.engine, ctx.database(), ctx.catalogue, backup)
    else:
        result = verify_and_record(ctx.catalogue, backup)
    return proof_report(call, result, restore=restore)
