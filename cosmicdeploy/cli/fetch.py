"""`cosmicdeploy backup fetch`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


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
    """Bring a backup back from one of its copies, and read it again."""
    run_command("backup fetch", terminal, lambda call: _fetch(call, config, backup, from_))


def _fetch(call: Call, config: Path | None, reference: str, url: str) -> Report:
    from cosmicdeploy.cli.reporting import proof_report
    from cosmicdeploy.database.proof import prove_read
    from cosmicdeploy.events import Notice
    from cosmicdeploy.report.watch import Watch
    from cosmicdeploy.steps.prune import copies_of
    from cosmicdeploy.workspace import open_stack

    with Watch(call.terminal.console) as watch:
        ctx = open_stack(config, watch)
        backup = copies_of(ctx).fetch(reference, url, lambda text: ctx.emit(Notice(text=text)))
        return proof_report(call, prove_read(ctx.catalogue, backup), restore=False)
