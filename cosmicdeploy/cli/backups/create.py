"""The command `cosmicdeploy backup create`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def create(wait: Wait = 0.0, *, config: Path | None, terminal: Terminal) -> None:
    """Back up the database, verify the backup and copy it.

    \b
    Example:
      cosmicdeploy backup create
    """
    run_command("backup create", terminal, lambda call: _create(call, config, wait))


def _create(call: Call, config: Path | None, wait: float) -> Report:
    from cosmicdeploy.cli.reporting import run_report
    from cosmicdeploy.journal.run_kind import RunCommand, RunKind
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.runs.execute import execute
    from cosmicdeploy.steps.backups.backup import BackupStep
    from cosmicdeploy.workspace import open_stack

    with ProgressView(call.terminal.console) as view:
        ctx = open_stack(config, call.event_handler(view))
        ctx.require_database(
            "The stack has no database, so there is nothing to back up",
            "see what a rollback can go back to: `cosmicdeploy rollback`",
        )
        step = BackupStep(name="backup")
        command = RunCommand(line=call.command, kind=RunKind.OTHER)
        return run_report(call, *execute(ctx, command, [step.alone()], wait))
