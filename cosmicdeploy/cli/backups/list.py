"""The command `cosmicdeploy backup list`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import ShowAll, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def list_(
    copies: Annotated[
        bool, typer.Option("--copies", help="Show where each backup's copies are.")
    ] = False,
    all_: ShowAll = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """List the ten newest backups; with --all or --json, all of them.

    \b
    Example:
      cosmicdeploy backup list --all --copies
    """
    run_command("backup list", terminal, lambda call: _list(call, config, copies, all_))


def _list(call: Call, config: Path | None, copies: bool, show_all: bool) -> Report:
    from cosmicdeploy.report.views.backups import show_backups
    from cosmicdeploy.workspace import open_stack

    backups = open_stack(config, call.event_handler()).catalogue.list()
    if not call.terminal.json:
        show_backups(call.terminal.console, backups, copies=copies, show_all=show_all)
    return call.report(outcome="done", data=[backup.facts() for backup in backups])
