"""Whether the load balancer reaches a replica, seen where nobody can be mistaken: in the kernel's
tables of the replica itself.

A new container has a network namespace of its own, so its tables know nothing of the one before it.
"""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.sockets import ESTABLISHED, LISTEN, Connection, read_tables

# A kernel without IPv6 has no second table, and says so on standard error.
TABLES = ("net/tcp", "net/tcp6")


def served(ctx: Context, service: str) -> bool:
    """Whether the proxy has a connection to this replica, or had one a moment ago.

    False too where nobody asks for anything. Raises `EngineError` where the replica does not run
    or its tables cannot be read.
    """
    return bool(connections(ctx, ctx.running(service)))


def open_connections(ctx: Context, container: Container) -> frozenset[tuple[str, int]]:
    """The proxy's ends (address, port) of what is open: with a request or kept for the next."""
    found = connections(ctx, container)
    return frozenset((c.peer, c.peer_port) for c in found if c.state == ESTABLISHED)


def connections(ctx: Context, container: Container) -> list[Connection]:
    """What the proxy has with the application's port of a container, in any state of its life."""
    name = ctx.settings.services.proxy
    proxy = ctx.container(name) if name else None
    if proxy is None:
        return []
    peers, port = set(proxy.addresses.values()), ctx.settings.app.port
    return [
        c
        for c in _table(ctx, container)
        if c.port == port and c.peer in peers and c.state != LISTEN
    ]


def _table(ctx: Context, container: Container) -> list[Connection]:
    result = proc.read(ctx, container, *TABLES)
    if "local_address" not in result.text:  # a missing program is told on standard output
        raise EngineError(
            "The connections of a container cannot be read",
            where=f"{container.name}: {proc.PROC / TABLES[0]}",
            todo="let its image have the program `cat`",
            details=result.error_text.splitlines(),
        )
    return list(read_tables(result.text))
