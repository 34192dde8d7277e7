"""The command `cosmicdeploy shell`."""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.cli.edge.edge import Call
from cosmicdeploy.cli.in_container import Service, User, run_in_container
from cosmicdeploy.cli.options import plain_options
from cosmicdeploy.cli.terminal import Terminal


@plain_options
def shell(
    service: Service = "app",
    user: User = "",
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Open a shell in a service's container.

    Uses bash if the container has it, else sh.

    \b
    Examples:
      cosmicdeploy shell
      cosmicdeploy shell scheduler
    """
    from cosmicdeploy.operations.exec import SHELL, named_target

    call, words = Call(command="shell", terminal=terminal), ["sh", "-c", SHELL]
    run_in_container(call, config, lambda ctx: (named_target(ctx, service), words, user))
