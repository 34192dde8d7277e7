"""Wait until the load balancer has no open connection to a replica that is out of service."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConnectionsUnread, ProbeFailed
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.kernel.connections import open_connections
from cosmicdeploy.proxy.probe_requests import POLL_SECONDS, probe_all
from cosmicdeploy.text.formatting import counted


def wait_until_drained(
    ctx: Context, service: str, container: Container, *, where: str, todo: str
) -> None:
    """Wait until the proxy has no open connection to the replica's container.

    Waits at most for the replica's `stop_grace_period`. If old connections are still open after
    that, the stop of the container will cut them. Raises `ProbeFailed`, with `where` and `todo`, if
    a new connection is open then: the proxy still sends requests to the replica. If connections
    cannot be read, says so, and waits as long.
    """
    before = _open_now(ctx, container)
    probe_all(ctx, [service])
    left = wait_until_closed(ctx, container, ctx.service(service).stop_grace_period)
    if before is not None and left - before:
        raise ProbeFailed(f"The proxy still sends requests to {service}", where=where, todo=todo)
    if left:
        connections = counted(len(left), "connection")
        ctx.say(f"{service} is drained, except for {connections} still open after its grace period")


def wait_until_closed(
    ctx: Context, container: Container, within: float
) -> frozenset[tuple[str, int]]:
    """Wait until the proxy has no open connection to a container, at most `within` seconds.

    Returns the address and port, at the proxy, of each connection that is still open. If
    connections cannot be read, says that nothing is proven, waits for `within` seconds, and returns
    none.
    """
    try:
        return poll(
            lambda: open_connections(ctx, container),
            until=lambda connections: not connections,
            every=POLL_SECONDS,
            within=within,
            sleep=ctx.sleep,
        )
    except ConnectionsUnread:
        ctx.say(
            f"not proven that the requests in flight to {container.name} end: its connections"
            f" cannot be read; waiting {within:g} s (docs/proxy.md)"
        )
    ctx.sleep(within)
    return frozenset()


def _open_now(ctx: Context, container: Container) -> frozenset[tuple[str, int]] | None:
    """Return the proxy's open connections to a container; None if they cannot be read."""
    try:
        return open_connections(ctx, container)
    except ConnectionsUnread:
        return None
