"""The command `cosmicdeploy restart`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.options import Wait, common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def restart(
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SERVICE",
            help="Services or roles to restart.",
            show_default=False,
            autocompletion=completion.services,
        ),
    ] = None,
    all_services: Annotated[
        bool,
        typer.Option("--all", help="Restart every service; asks first, since clients notice it."),
    ] = False,
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Restart containers in place, one replica at a time.

    Image and definition stay as they are: use `deploy` for a new image or a changed compose file.
    Drains each replica before its restart, and waits until it is healthy before the next one. Asks
    first if clients would notice a restart: of the database, the cache, the proxy or the last ready
    replica.

    \b
    Examples:
      cosmicdeploy restart app
      cosmicdeploy restart cosmic-scheduler
      cosmicdeploy restart --all
    """
    names = services or []
    run_command(
        "restart",
        terminal,
        lambda call: _restart(call, config, names, wait, all_services=all_services),
    )


def _restart(
    call: Call, config: Path | None, services: list[str], wait: float, *, all_services: bool
) -> Report:
    from cosmicdeploy.cli.reporting import run_report
    from cosmicdeploy.operations.restart import plan_restart, restart
    from cosmicdeploy.report.progress import ProgressView
    from cosmicdeploy.workspace import open_stack

    view = ProgressView(call.terminal.console)
    ctx = open_stack(config, call.event_handler(view))
    plan = plan_restart(ctx, services, all_services=all_services)
    if plan.cost:
        call.terminal.console.print(f"Use with caution: {plan.cost}", soft_wrap=True)
        call.terminal.require_yes(f"Restart {', '.join(plan.services)}?")
    with view:
        return run_report(call, *restart(ctx, plan, wait))
