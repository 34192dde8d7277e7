"""The command `cosmicdeploy console`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call
from cosmicdeploy.cli.in_container import Variables, run_in_container
from cosmicdeploy.cli.options import plain_options
from cosmicdeploy.cli.terminal import Terminal


@plain_options
def console(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARGUMENT", help="Arguments for the console.", show_default=False),
    ] = None,
    env: Variables = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Run the application's console (app.console) in a replica.

    Prefers a ready replica of the current release. Put cosmicdeploy's own options before the first
    argument.

    \b
    Examples:
      cosmicdeploy console devices:monitor-status --dry-run --verbose
      cosmicdeploy console tinker
      cosmicdeploy console -e TOKEN devices:seed --name=KIOSK --token-env=TOKEN
    """
    from cosmicdeploy.operations.exec import console_target

    words = arguments or ()
    run_in_container(
        Call(command="console", terminal=terminal),
        config,
        lambda ctx: (console_target(ctx), ctx.console(*words), ctx.console_user),
        env or (),
    )
