"""The commands `cosmicdeploy backup pin` and `cosmicdeploy backup unpin`."""

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
def pin(
    backup: BackupArgument,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Record why the backup is kept.")
    ] = "",
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Keep a backup whatever the retention policy says.

    \b
    Example:
      cosmicdeploy backup pin latest --reason "before the fair"
    """
    run_command("backup pin", terminal, lambda call: _pin(call, config, backup, reason))


@common_options
def unpin(backup: BackupArgument, *, config: Path | None, terminal: Terminal) -> None:
    """Undo a pin: the retention policy may remove the backup again.

    \b
    Example:
      cosmicdeploy backup unpin latest
    """
    run_command("backup unpin", terminal, lambda call: _pin(call, config, backup, None))


def _pin(call: Call, config: Path | None, reference: str, reason: str | None) -> Report:
    """Pin a backup for a reason, which may be ""; for None, unpin it."""
    from cosmicdeploy.database.backups.on_disk.manifest import now
    from cosmicdeploy.database.backups.on_disk.state import Pin
    from cosmicdeploy.workspace import open_stack

    catalogue = open_stack(config, call.event_handler()).catalogue
    backup = catalogue.get(reference)
    new_pin = None if reason is None else Pin(at=now(), reason=reason)
    catalogue.update_state(backup.id, lambda state: state.updated(pin=new_pin))
    catalogue.get(backup.id)  # raises if a prune has just removed the backup
    if new_pin is None:
        result = "is no longer pinned"
    else:
        result = "is pinned: the retention policy never removes it"
    call.terminal.console.print(f"{backup.id} {result}", soft_wrap=True)
    return call.report(outcome="changed", backup=backup.id)
