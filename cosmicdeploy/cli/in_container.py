"""Run a command in a container, for `exec`, `shell` and `console`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge.edge import Call, edge

if TYPE_CHECKING:
    from cosmicdeploy.context.context import Context
    from cosmicdeploy.operations.exec import ExecTarget

# With these settings, options after the first argument belong to the command in the container.
SETTINGS = {"allow_interspersed_args": False}
Service = Annotated[
    str,
    typer.Argument(
        help="A service, or a role, which stands for its first running service.",
        autocompletion=completion.services,
    ),
]
User = Annotated[
    str, typer.Option("--user", "-u", metavar="NAME", help="Run as this user, not the default one.")
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        "-e",
        metavar="VARIABLE",
        help="Pass on this variable from the environment or `.env`; repeatable.",
    ),
]


def run_in_container(
    call: Call,
    config: Path | None,
    target: Callable[[Context], tuple[ExecTarget, Sequence[str], str]],
    variables: Sequence[str] = (),
) -> None:
    """Run a command in a container and exit with its exit code.

    `target` returns the container, the command and the user ("" for the container's default user).
    `variables` are the names of the variables to pass on to the command.
    """
    from cosmicdeploy.cli.terminal import notices_to_stderr
    from cosmicdeploy.operations.exec import run
    from cosmicdeploy.workspace import open_stack

    with edge(call):
        ctx = open_stack(config, call.event_handler(notices_to_stderr(call.terminal)))
        container, command, user = target(ctx)
        environment = {name: ctx.loaded.secret(name) for name in variables}
        raise typer.Exit(run(ctx, container, command, user, environment))
