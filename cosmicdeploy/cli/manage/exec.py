"""The command `cosmicdeploy exec`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call
from cosmicdeploy.cli.in_container import Service, User, Variables, run_in_container
from cosmicdeploy.cli.options import plain_options
from cosmicdeploy.cli.terminal import Terminal


@plain_options
def exec_(
    service: Service,
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND", help="The command with its own arguments.")
    ],
    user: User = "",
    env: Variables = None,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Run a command in a service's container.

    Passes on standard input, and the terminal if there is one; exits with the command's exit code.
    In the database's container, MYSQL_PWD has the database's password from the settings; in the
    cache's container, REDISCLI_AUTH has the cache's. The database's client is `mariadb` in images
    of MariaDB 11 and later, which have no `mysql`.

    \b
    Examples:
      cosmicdeploy exec app ls -la /var/www
      cosmicdeploy exec database mysql -u root platform < query.sql
    """
    from cosmicdeploy.operations.exec import named_target

    # Typer passes on the "--" with which an operator may separate the command from the service.
    words = command[1:] if command[0] == "--" else command
    if not words:
        raise typer.BadParameter("a command is needed", param_hint="COMMAND")
    call = Call(command="exec", terminal=terminal)
    run_in_container(call, config, lambda ctx: (named_target(ctx, service), words, user), env or ())
