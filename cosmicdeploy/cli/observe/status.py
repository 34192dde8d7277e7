"""The command `cosmicdeploy status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.context.context import Context
    from cosmicdeploy.report.model import Report


@common_options
def status(*, config: Path | None, terminal: Terminal) -> None:
    """Show services with their drift, and interrupted runs.

    Also names the run that holds the lock, and the features that are off.

    \b
    Examples:
      cosmicdeploy status
      cosmicdeploy status --json
    """
    run_command("status", terminal, lambda call: _status(call, config))


def _status(call: Call, config: Path | None) -> Report:
    from cosmicdeploy.cli.reporting import release_fields, unfinished_reports, with_notices
    from cosmicdeploy.operations.notices import notices
    from cosmicdeploy.operations.status import status
    from cosmicdeploy.probes.application.features import states
    from cosmicdeploy.report.views.features import show_switched_off
    from cosmicdeploy.report.views.status import show_status
    from cosmicdeploy.workspace import open_stack

    ctx = open_stack(config, call.event_handler())
    rows, features = status(ctx), states(ctx)
    if not call.terminal.json:
        show_status(rows, call.terminal.console)
        _show_lock_holder(call, ctx)
        show_switched_off(call.terminal.console, features)
    report = call.report(
        outcome="done",
        **release_fields(ctx),
        data=rows,
        unfinished=unfinished_reports(ctx),
        features=features,
    )
    return with_notices(report, notices(ctx))


def _show_lock_holder(call: Call, ctx: Context) -> None:
    """Print which run holds the lock, without waiting for the run's next heartbeat."""
    from cosmicdeploy.lock import living_holder
    from cosmicdeploy.lock.holder import describe_holder

    marker = living_holder(ctx.engine, ctx.stack.project)
    if marker is not None:
        command = f"`cosmicdeploy {marker.labels.get('command')}`"
        line = f"in progress: {command}, {describe_holder(marker.labels)}"
        call.terminal.console.print(line, soft_wrap=True)
