"""The command `cosmicdeploy backup copy`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import BackupArgument, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def copy(backup: BackupArgument = "latest", *, config: Path | None, terminal: Terminal) -> None:
    """Copy a backup to each destination that has no good copy of it.

    The destinations are those of `backup.copies`.

    \b
    Example:
      cosmicdeploy backup copy
    """
    run_command("backup copy", terminal, lambda call: _copy(call, config, backup))


def _copy(call: Call, config: Path | None, reference: str) -> Report:
    from cosmicdeploy.errors import BackupError, UsageError
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.steps.backups.backup import copy_to_destinations
    from cosmicdeploy.workspace import open_stack

    with ProgressView(call.terminal.console) as view:
        ctx = open_stack(config, call.event_handler(view))
        ctx.require_database(
            "The stack has no database, so no backup has data to copy",
            "see what a rollback can go back to: `cosmicdeploy rollback`",
        )
        if not ctx.settings.backup.copies:
            raise UsageError(
                "The settings name no destination for copies",
                where=str(ctx.loaded.file),
                todo="add `backup.copies`, then run `cosmicdeploy backup copy` again",
            )
        backup = ctx.catalogue.get(reference)
        if not backup.is_usable:
            raise BackupError(
                f"Only a good backup can be copied: {backup.why}",
                where=backup.id,
                todo="choose another: `cosmicdeploy backup list`",
            )
        facts = copy_to_destinations(ctx, backup)
    copied, failures = facts["copies"], facts["warnings"]
    if failures:
        raise BackupError(
            f"{backup.id} could not be copied to every destination",
            todo=f"check the destination, then run `cosmicdeploy backup copy {backup.id}` again",
            details=failures,
        )
    result = f"copied to {', '.join(copied)}" if copied else "has a good copy at every destination"
    call.terminal.console.print(f"{backup.id} {result}")
    outcome = "changed" if copied else "unchanged"
    return call.report(outcome=outcome, backup=backup.id, data=facts)
