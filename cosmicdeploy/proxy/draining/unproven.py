"""Find replicas of which the deployer cannot see whether their requests in flight have ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConnectionsUnread, EngineError, EngineUnavailable
from cosmicdeploy.proxy.findings import Finding
from cosmicdeploy.proxy.kernel.connections import open_connections

UNFINISHED = "requests in flight at the end of the wait, if the replica ignores its stop signal"


def unproven_drains(ctx: Context, names: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding for each of these replicas that runs and whose connections cannot be read."""
    for name in names:
        container = ctx.container(name)
        if container is not None and container.is_running and not _is_readable(ctx, container):
            yield Finding(
                name,
                "a table of connections that shows whether its requests have ended",
                "none that can be read: a drain is not proven, and waits for a fixed time",
                "requests",
                todo="add the program `cat` to its image, or to the load balancer's"
                " (docs/proxy.md)",
                lost=UNFINISHED,
            )


def _is_readable(ctx: Context, container: Container) -> bool:
    try:
        open_connections(ctx, container)
    except ConnectionsUnread:
        return False
    except EngineUnavailable:
        raise
    except EngineError:
        return True  # the container has just ended
    return True
