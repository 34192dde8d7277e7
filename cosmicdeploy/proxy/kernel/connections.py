"""Find out from the kernel's connection tables whether the load balancer reaches a replica.

A new container has its own network namespace, so its tables hold no connection of the superseded
container.
"""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import application_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.sockets import ESTABLISHED, LISTEN, Connection, read_tables

# A kernel without IPv6 has no second table; `cat` then complains on standard error.
TABLES = ("net/tcp", "net/tcp6")


def is_reached(ctx: Context, container: Container) -> bool:
    """Return whether the proxy has a connection to this replica, or had one a moment ago.

    False as well if no client has sent a request for some time. Raises `EngineError` if the
    replica's connection tables cannot be read.
    """
    return bool(connections(ctx, container))


def open_connections(ctx: Context, container: Container) -> frozenset[tuple[str, int]]:
    """Return the proxy's address and port of each open connection to a replica, busy or idle."""
    every = connections(ctx, container)
    return frozenset((c.peer, c.peer_port) for c in every if c.state == ESTABLISHED)


def connections(ctx: Context, container: Container) -> list[Connection]:
    """Return the proxy's connections, in any state, to the application's port of a container."""
    name = ctx.settings.services.proxy
    proxy = ctx.container(name) if name else None
    if proxy is None:
        return []
    peers, port = set(proxy.addresses.values()), application_of(ctx, container).port
    return [
        c
        for c in _table(ctx, container)
        if c.port == port and c.peer in peers and c.state != LISTEN
    ]


def _table(ctx: Context, container: Container) -> list[Connection]:
    result = proc.read(ctx, container, *TABLES)
    if "local_address" not in result.text:  # the engine reports a missing `cat` on standard output
        raise EngineError(
            "The connections of a container cannot be read",
            where=f"{container.name}: {proc.PROC / TABLES[0]}",
            todo="add the program `cat` to its image",
            details=result.error_text.splitlines(),
        )
    return list(read_tables(result.text))
