"""`cosmicdeploy rollback`"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.context import Context
    from cosmicdeploy.database.backups.backup import Backup
    from cosmicdeploy.operations.rollback_preview import Loss
    from cosmicdeploy.report.model import Report

COLUMNS = ("backup", "age", "release", "size", "proven", "what would be lost")
WAY_ON = "go on with `cosmicdeploy rollback --to ID`; --migration or --code-only keeps newer rows"
NOTHING = (
    "There is no good backup to go back to: `cosmicdeploy backup list` shows all of them,"
    " `cosmicdeploy backup create` makes one"
)


class Way(StrEnum):
    """What goes back; the value names the playbook."""

    RESTORE = "rollback"
    MIGRATION = "rollback-migration"
    CODE_ONLY = "rollback-code"

    @property
    def command(self) -> str:
        return {
            Way.RESTORE: "rollback",
            Way.MIGRATION: "rollback --migration",
            Way.CODE_ONLY: "rollback --code-only",
        }[self]


@common_options
def rollback(
    to: Annotated[
        str,
        typer.Option(
            "--to", help='A backup\'s id, or "latest".', autocompletion=completion.backups
        ),
    ] = "",
    restore: Annotated[
        bool, typer.Option("--restore", help="Data, schema and images (what is done by default).")
    ] = False,
    migration: Annotated[
        bool,
        typer.Option("--migration", help="Schema and images: down migrations; newer rows stay."),
    ] = False,
    code_only: Annotated[
        bool, typer.Option("--code-only", help="Images only: no data changes, nobody waits.")
    ] = False,
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Go back to the release of a backup.

    Without --to it lists what there is to go back to.

    --restore (the default) brings the data back too, and with it loses what was written since: it
    shows what that is and asks. The present state is backed up first, clients get 503 with
    Retry-After while data is exchanged (without `maintenance.file` they are refused connections),
    and until they are let in again all can be undone.

    \b
    Examples:
      cosmicdeploy rollback
      cosmicdeploy rollback --to latest
      cosmicdeploy rollback --to 20261126-211622-d21b --code-only
    """
    chosen = [
        way
        for way, asked in (
            (Way.RESTORE, restore),
            (Way.MIGRATION, migration),
            (Way.CODE_ONLY, code_only),
        )
        if asked
    ]
    run_command("rollback", terminal, lambda call: _rollback(call, config, to, chosen, wait))


def _rollback(call: Call, config: Path | None, to: str, chosen: list[Way], wait: float) -> Report:
    from cosmicdeploy.cli.reporting import noting, run_report
    from cosmicdeploy.errors import UsageError
    from cosmicdeploy.operations.checklist.recording import Recording
    from cosmicdeploy.probes.preconditions.notices import show_notices
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.runs.execute import rollback
    from cosmicdeploy.workspace import open_playbook, open_stack

    if len(chosen) > 1:
        raise UsageError("These exclude each other", where=", ".join(w.command for w in chosen))
    way = chosen[0] if chosen else Way.RESTORE
    watch = Watch(call.terminal.console)
    if not to and (chosen or wait or call.terminal.yes):
        raise UsageError("No backup is named", where=way.command, todo="add --to ID or --to latest")
    ctx = open_stack(config, call.hearing(watch))
    if not to:
        return _list(call, ctx)
    target = ctx.catalogue.get(to)
    if target.ahead:
        ctx.catalogue.warn(f"{target.id} is used as it was named: {target.ahead}")
    call.terminal.require_yes(_question(call, ctx, way, target))
    with watch:
        notices = show_notices(ctx)
        playbook = open_playbook(ctx.loaded, way.value)
        run, measured = rollback(ctx, way.command, playbook, target, wait, Recording)
        return noting(run_report(call, run, measured), notices)


def _list(call: Call, ctx: Context) -> Report:
    from cosmicdeploy.operations.rollback_preview import candidates, losses
    from cosmicdeploy.report.tables import table

    rows = [_row(loss) for loss in losses(ctx, candidates(ctx))]
    if rows and not call.terminal.json:
        call.terminal.console.print(table(COLUMNS, rows))
    call.terminal.console.print(WAY_ON if rows else NOTHING, soft_wrap=True)
    return call.report(outcome="done", data=rows)


def _row(loss: Loss) -> dict[str, object]:
    from cosmicdeploy.report.views.backups import age, proven, size

    manifest = loss.backup.manifest
    return {
        "backup": manifest.id,
        "age": age(manifest.created_at),
        "release": manifest.release or "unknown",
        "size": size(manifest),
        "proven": proven(loss.backup.state),
        "what would be lost": loss.rows,
    }


def _question(call: Call, ctx: Context, way: Way, target: Backup) -> str:
    from cosmicdeploy.operations.rollback_preview import losses
    from cosmicdeploy.probes.maintenance import maintenance_notice
    from cosmicdeploy.report.views.backups import ago
    from cosmicdeploy.text.formatting import format_time

    release = target.manifest.release or "unknown"
    if way is Way.CODE_ONLY:
        return f"Put release {release} to work again? No data changes"
    call.terminal.console.print(maintenance_notice(ctx), soft_wrap=True)
    if way is Way.MIGRATION:
        return f"Put release {release} to work again, and undo the migrations made since?"
    loss = losses(ctx, [target])[0]
    say = call.terminal.console.print
    made = target.manifest.created_at
    say(f"{target.id} is of {format_time(made)} ({ago(made)}); what was written since is lost:")
    for table in loss.tables or ():
        say(f"  {table.table}: {_count(table.backup)} rows then, {_count(table.now)} now")
    if not loss.tables:
        say(f"  {loss.rows}; changed rows are not counted")
    say("what is there now is backed up first: that backup is the way back")
    return f"Go back to {target.id} (release {release})?"


def _count(rows: int | None) -> str:
    return "no such table," if rows is None else str(rows)
