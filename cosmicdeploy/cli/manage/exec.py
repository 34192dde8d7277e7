"""Commands in containers: any, a shell, the application's console."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli import completion
from cosmicdeploy.cli.edge import Call, edge
from cosmicdeploy.cli.options import plain_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.context import Context
    from cosmicdeploy.operations.exec import ExecTarget

# What comes behind the first word is the command's own.
SETTINGS = {"allow_interspersed_args": False}
Words = list[str]
Service = Annotated[
    str,
    typer.Argument(
        help="A service, or a role: its first that runs.", autocompletion=completion.services
    ),
]
User = Annotated[
    str, typer.Option("--user", "-u", metavar="NAME", help="Run it as this user, not the image's.")
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        "-e",
        metavar="VARIABLE",
        help="Hand a variable of the environment or `.env` to the command; repeatable.",
    ),
]


@plain_options
def exec_(
    service: Service,
    command: Annotated[Words, typer.Argument(metavar="COMMAND", help="With its own options.")],
    user: User = "",
    env: Variables = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Run a command in a service's container; its exit code.

    It gets our standard input, and our terminal where there is one. The database's gets MYSQL_PWD.

    \b
    Examples:
      cosmicdeploy exec app ls -la /var/www
      cosmicdeploy exec database mysql -u root platform < query.sql
    """
    from cosmicdeploy.operations.exec import named_target

    words = command[1:] if command[0] == "--" else command
    if not words:
        raise typer.BadParameter("a command is needed", param_hint="COMMAND")
    call = Call(command="exec", terminal=terminal)
    _run(call, config, lambda ctx: (named_target(ctx, service), words, user), env or ())


@plain_options
def shell(
    service: Service = "app",
    user: User = "",
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Open a shell in a service's container: bash, else sh.

    \b
    Examples:
      cosmicdeploy shell
      cosmicdeploy shell scheduler
    """
    from cosmicdeploy.operations.exec import SHELL, named_target

    call, words = Call(command="shell", terminal=terminal), ["sh", "-c", SHELL]
    _run(call, config, lambda ctx: (named_target(ctx, service), words, user))


@plain_options
def console(
    arguments: Annotated[
        Words | None,
        typer.Argument(metavar="ARGUMENT", help="The console's own.", show_default=False),
    ] = None,
    env: Variables = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Run the application's console (app.console) in a replica.

    One of the release that is in place, where such a one runs. Our own options come before the
    console's arguments.

    \b
    Examples:
      cosmicdeploy console devices:monitor-status --dry-run --verbose
      cosmicdeploy console tinker
      cosmicdeploy console -e TOKEN devices:seed --name=KIOSK --token-env=TOKEN
    """
    from cosmicdeploy.operations.exec import console_target

    call = Call(command="console", terminal=terminal)
    _run(
        call,
        config,
        lambda ctx: (console_target(ctx), ctx.console(*(arguments or ())), ctx.console_user),
        env or (),
    )


def _run(
    call: Call,
    config: Path | None,
    what: Callable[[Context], tuple[ExecTarget, Sequence[str], str]],
    variables: Sequence[str] = (),
) -> None:
    """`what` answers with the place, the command and the user ("" for the container's own)."""
    from cosmicdeploy.cli.terminal import told_on_stderr
    from cosmicdeploy.operations.exec import run
    from cosmicdeploy.workspace import open_stack

    with edge(call):
        ctx = open_stack(config, call.hearing(told_on_stderr(call.terminal)))
        place, words, user = what(ctx)
        handed = {name: ctx.loaded.secret(name) for name in variables}
        raise typer.Exit(run(ctx, place, words, user, handed))
