"""The command `cosmicdeploy backup verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import BackupArgument, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def verify(
    backup: BackupArgument = "latest",
    restore: Annotated[
        bool,
        typer.Option(
            "--restore",
            help="Restore the backup into a temporary schema too, and compare that schema.",
        ),
    ] = False,
    data: Annotated[
        bool,
        typer.Option(
            "--data",
            help="Restore the backup as with --restore, and compare all rows by their checksums;"
            " record the checksums of tables that have none yet, for later restores.",
        ),
    ] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Compare a backup with its manifest; exit 5 if they differ.

    \b
    Examples:
      cosmicdeploy backup verify
      cosmicdeploy backup verify 20261126-211622-d21b --restore
    """
    run_command(
        "backup verify",
        terminal,
        lambda call: _verify(call, config, backup, restore=restore or data, data=data),
    )


def _verify(
    call: Call, config: Path | None, reference: str, *, restore: bool, data: bool
) -> Report:
    from cosmicdeploy.cli.reporting import verification_report
    from cosmicdeploy.database.restore.verify import (
        RestoreTest,
        verify_and_record,
        verify_restore_and_record,
    )
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler())
    ctx.require_database(
        "The stack has no database, so no backup has data to verify",
        "see what a rollback can go back to: `cosmicdeploy rollback`",
    )
    backup = ctx.catalogue.get(reference)
    if restore:
        result = verify_restore_and_record(
            ctx.engine, ctx.database(), ctx.catalogue, backup, how=RestoreTest(data=data)
        )
    else:
        result = verify_and_record(ctx.catalogue, backup)
    return verification_report(call, result, restore=restore)
