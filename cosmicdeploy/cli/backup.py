"""`cosmicdeploy backup …`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.look import quiet
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.database.catalogue import Backup as Stored
    from cosmicdeploy.report.model import Report

app = typer.Typer(help="Make, list and prove backups of the database.", no_args_is_help=True)
Backup = Annotated[str, typer.Argument(help='A backup\'s id, or "latest".')]


@app.command()
@common_options
def create(wait: Wait = 0.0, *, config: Path | None, terminal: Terminal) -> None:
    """Make a verified backup now."""
    run_command("backup create", terminal, lambda call: _create(call, config, wait))


@app.command("list")
@common_options
def list_(*, config: Path | None, terminal: Terminal) -> None:
    """List all backups, newest first."""
    run_command("backup list", terminal, lambda call: _list(call, config))


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
    """Read a backup again and compare it with its manifest; exit 5 where it differs."""
    run_command("backup verify", terminal, lambda call: _verify(call, config, backup, restore))


def _create(call: Call, config: Path | None, wait: float) -> Report:
    from cosmicdeploy.cli.reporting import run_report
    from cosmicdeploy.operations import execute
    from cosmicdeploy.report.watch import Watch
    from cosmicdeploy.steps.backup import BackupStep
    from cosmicdeploy.workspace import open_stack

    with Watch(call.terminal.console) as watch:
        ctx = open_stack(config, watch)
        step = BackupStep(name="backup")
        return run_report(call, *execute(ctx, call.command, [step.alone()], wait))


def _list(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.report.tables import table
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, quiet)
    backups = ctx.catalogue.list()
    if not call.terminal.json:
        call.terminal.console.print(table(COLUMNS, map(_row, backups)))
    return call.report(
        outcome="done", data=[backup.manifest.model_dump(mode="json") for backup in backups]
    )


COLUMNS = ("id", "status", "made", "release", "bytes", "why")


def _row(backup: Stored) -> dict[str, object]:
    manifest = backup.manifest
    return {
        "id": manifest.id,
        "status": manifest.status,
        "made": f"{manifest.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
        "release": manifest.release or "",
        "bytes": manifest.compressed.bytes if manifest.compressed else "",
        "why": manifest.reason,
    }


def _verify(call: Call, config: Path | None, reference: str, restore: bool) -> Report:
    from cosmicdeploy.database.verify import verify_backup, verify_restore
    from cosmicdeploy.errors import ExitCode
    from cosmicdeploy.report.model import CheckReport
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, quiet)
    backup = ctx.catalogue.get(reference)
    if restore:
        result = verify_restore(ctx.engine, ctx.database(), backup)
    else:
        result = verify_backup(backup)
    expected = "restores as its manifest says" if restore else "is what its manifest says"
    found = "; ".join(result.reasons) or f"it {expected}"
    todo = "take another: `cosmicdeploy backup create`"
    check = CheckReport(
        point=backup.id, ok=result.good, expected=f"it {expected}", found=found, todo=todo
    )
    return call.report(
        outcome="done" if result.good else "failed",
        exit_code=0 if result.good else int(ExitCode.CHECK_FAILED),
        backup=backup.id,
        checks=[check],
    )
