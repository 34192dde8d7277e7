"""`cosmicdeploy restart`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, run_command
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
            help="Services, or roles.",
            show_default=False,
            autocompletion=completion.services,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All of them: clients wait meanwhile; asks first.")
    ] = False,
    wait: Wait = 0.0,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Restart containers as they are, one replica after the other.

    Image and definition stay: what was built or changed since is put to work by `deploy` alone.
    Replicas leave the proxy first, and each is healthy before the next. Asks first where clients
    would notice: for the database, the cache and the proxy, and for the last replica that serves.

    \b
    Examples:
      cosmicdeploy restart app
      cosmicdeploy restart cosmic-scheduler
      cosmicdeploy restart --all
    """
    words = services or []
    run_command("restart", terminal, lambda call: _restart(call, config, words, wait, every=every))


def _restart(
    call: Call, config: Path | None, words: list[str], wait: float, *, every: bool
) -> Report:
    from cosmicdeploy.cli.reporting import run_report
    from cosmicdeploy.operations.restart import plan_restart, restart
    from cosmicdeploy.report.progress import Watch
    from cosmicdeploy.workspace import open_stack

    watch = Watch(call.terminal.console)
    ctx = open_stack(config, call.hearing(watch))
    chosen = plan_restart(ctx, words, every=every)
    if chosen.cost:
        call.terminal.console.print(f"Use with caution: {chosen.cost}")
        call.terminal.require_yes(f"Restart {', '.join(chosen.services)}?")
    with watch:
        run, measured = restart(ctx, chosen, wait)
        return run_report(call, run, measured)
