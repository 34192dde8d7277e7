"""The command `cosmicdeploy backup show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import BackupArgument, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def show(backup: BackupArgument = "latest", *, config: Path | None, terminal: Terminal) -> None:
    """Show a backup's manifest, its verifications and its copies.

    \b
    Example:
      cosmicdeploy backup show latest
    """
    run_command("backup show", terminal, lambda call: _show(call, config, backup))


def _show(call: Call, config: Path | None, reference: str) -> Report:
    from cosmicdeploy.report.views.backups import show_backup
    from cosmicdeploy.workspace import open_stack

    backup = open_stack(config, call.event_handler()).catalogue.find(reference)
    if not call.terminal.json:
        show_backup(call.terminal.console, backup)
    return call.report(outcome="done", backup=backup.id, data=backup.facts())
