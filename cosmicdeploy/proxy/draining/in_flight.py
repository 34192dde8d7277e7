"""Wait until the load balancer has no open connection to a replica that is out of service."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ProbeFailed
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
    a new connection is open then: the proxy still sends requests to the replica.
    """
    before = open_connections(ctx, container)
    probe_all(ctx, [service])
    left = wait_until_closed(ctx, container, ctx.service(service).stop_grace_period)
    if left - before:
        raise ProbeFailed(f"The proxy still sends requests to {service}", where=where, todo=todo)
    if left:
        connections = counted(len(left), "connection")
        ctx.say(f"{service} is drained, except for {connections} still open after its grace period")


def wait_until_closed(
    ctx: Context, container: Container, within: float
) -> frozenset[tuple[str, int]]:
    """Wait until the proxy has no open connection to a container, at most `within` seconds.

    Returns the address and port, at the proxy, of each connection that is still open.
    """
    return poll(
        lambda: open_connections(ctx, container),
        until=lambda connections: not connections,
        every=POLL_SECONDS,
        within=within,
        sleep=ctx.sleep,
    )
