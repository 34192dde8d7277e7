"""`cosmicdeploy backup copy|fetch`: to other places, and back from there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def copy(
    backup: Annotated[
        str, typer.Argument(help='A backup\'s id, or "latest".', autocompletion=completion.backups)
    ] = "latest",
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Copy a backup to each place that has no good copy of it.

    The places are those of the settings.

    \b
    Example:
      cosmicdeploy backup copy
    """
    run_command("backup copy", terminal, lambda call: _copy(call, config, backup))


@common_options
def fetch(
    backup: Annotated[str, typer.Argument(help='A copy\'s id, or "latest".')],
    from_: Annotated[
        str, typer.Option("--from", help="The place; default: those of the settings, in order.")
    ] = "",
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Bring a backup back from one of its copies, and read it again.

    \b
    Example:
      cosmicdeploy backup fetch latest --from /mnt/backups
    """
    run_command("backup fetch", terminal, lambda call: _fetch(call, config, backup, from_))


def _copy(call: Call, config: Path | None, reference: str) -> Report:
    from cosmicdeploy.errors import BackupError, UsageError
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.steps.backups.backup import copy_to_places
    from cosmicdeploy.workspace import open_stack

    with Watch(call.terminal.console) as watch:
        ctx = open_stack(config, call.hearing(watch))
        if not ctx.settings.backup.copies:
            raise UsageError("The settings name no place for copies", todo="add backup.copies")
        backup = ctx.catalogue.get(reference)
        if not backup.is_usable:
            raise BackupError(f"only a good backup is copied: {backup.why}", where=backup.id)
        facts = copy_to_places(ctx, backup)
    made, failed = facts["copies"], facts["warnings"]
    if failed:
        raise BackupError(f"{backup.id} could not be copied to each place", details=failed)
    told = f"is copied to {', '.join(made)}" if made else "has a good copy at each place"
    call.terminal.console.print(f"{backup.id} {told}")
    outcome = "changed" if made else "unchanged"
    return call.report(outcome=outcome, backup=backup.id, data=facts)


def _fetch(call: Call, config: Path | None, reference: str, url: str) -> Report:
    from cosmicdeploy.cli.reporting import proof_report
    from cosmicdeploy.database.restore.verify import verify_and_record
    from cosmicdeploy.events import Notice
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.steps.backups.prune import copies_of
    from cosmicdeploy.workspace import open_stack

    with Watch(call.terminal.console) as watch:
        ctx = open_stack(config, call.hearing(watch))
        backup = copies_of(ctx).fetch(reference, url, lambda text: ctx.emit(Notice(text=text)))
        return proof_report(call, verify_and_record(ctx.catalogue, backup), restore=False)
