"""The command `cosmicdeploy backup fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def fetch(
    backup: Annotated[str, typer.Argument(help='The id of a copied backup, or "latest".')],
    from_: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="URL",
            help="Fetch from this destination (default: try those of backup.copies in order).",
        ),
    ] = "",
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Fetch a backup from one of its copies and verify it.

    Exit 5 if the backup does not match its manifest.

    \b
    Example:
      cosmicdeploy backup fetch latest --from /mnt/backups
    """
    run_command("backup fetch", terminal, lambda call: _fetch(call, config, backup, from_))


def _fetch(call: Call, config: Path | None, reference: str, url: str) -> Report:
    from cosmicdeploy.cli.reporting import verification_report
    from cosmicdeploy.database.restore.verify import verify_and_record
    from cosmicdeploy.events import Notice
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.steps.backups.prune import copies_of
    from cosmicdeploy.workspace import open_stack

    with ProgressView(call.terminal.console) as view:
        ctx = open_stack(config, call.event_handler(view))
        ctx.require_database(
            "The stack has no database, so no backup has data to fetch",
            "see what a rollback can go back to: `cosmicdeploy rollback`",
        )
        backup = copies_of(ctx).fetch(reference, url, lambda text: ctx.emit(Notice(text=text)))
        return verification_report(call, verify_and_record(ctx.catalogue, backup), restore=False)
