"""Find out from the kernel's connection tables whether the load balancer reaches a replica.

A new container has its own network namespace, so its tables hold no connection of the superseded
container. The proxy's own tables show the same connections, but also those to a superseded
container that had the same address: so they only show what is still open.
"""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import application_of
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.errors import ConnectionsUnread, EngineError, EngineUnavailable
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.sockets import ESTABLISHED, LISTEN, Connection, read_tables

# A kernel without IPv6 has no second table; `cat` then complains on standard error.
TABLES = ("net/tcp", "net/tcp6")


def is_reached(ctx: Context, container: Container) -> bool:
    """Return whether the proxy has a connection to this replica, or had one a moment ago.

    False as well if no client has sent a request for some time. Raises `ConnectionsUnread` if the
    replica's connection tables cannot be read.
    """
    return bool(connections(ctx, container))


def open_connections(ctx: Context, container: Container) -> frozenset[tuple[str, int]]:
    """Return the proxy's address and port of each open connection to a replica, busy or idle.

    Reads the proxy's tables if the replica's cannot be read. Raises `ConnectionsUnread` if neither
    can be read.
    """
    try:
        every = connections(ctx, container)
    except ConnectionsUnread:
        every = _connections_of_proxy(ctx, container)
    return frozenset((c.peer, c.peer_port) for c in every if c.state == ESTABLISHED)


def connections(ctx: Context, container: Container) -> list[Connection]:
    """Return the proxy's connections, in any state, to the application's port of a container.

    Raises `ConnectionsUnread` if the container's tables cannot be read.
    """
    proxy = _proxy(ctx)
    if proxy is None:
        return []
    peers, port = set(proxy.addresses.values()), application_of(ctx, container).port
    return [
        c
        for c in _table(ctx, container)
        if c.port == port and c.peer in peers and c.state != LISTEN
    ]


def _connections_of_proxy(ctx: Context, container: Container) -> list[Connection]:
    """Return the proxy's connections to a container by the proxy's tables, seen from the other end.

    The proxy's address is its first one, whichever the connection has.
    """
    proxy = _proxy(ctx)
    if proxy is None or not proxy.is_running:
        return []
    own, port = set(container.addresses.values()), application_of(ctx, container).port
    address = next(iter(proxy.addresses.values()), "")
    return [
        Connection(port=port, peer=address, peer_port=c.port, state=c.state)
        for c in _table(ctx, proxy)
        if c.peer in own and c.peer_port == port
    ]


def _proxy(ctx: Context) -> Container | None:
    name = ctx.settings.services.proxy
    return ctx.container(name) if name else None


def _table(ctx: Context, container: Container) -> list[Connection]:
    result = _read(ctx, container)
    if "local_address" not in result.text:  # the engine reports a missing `cat` on standard output
        raise ConnectionsUnread(
            "The connections of a container cannot be read",
            where=f"{container.name}: {proc.PROC / TABLES[0]}",
            todo="add the program `cat` to its image",
            details=result.error_text.splitlines(),
        )
    return list(read_tables(result.text))


def _read(ctx: Context, container: Container) -> ExecResult:
    """Read the tables; the result has no table if the engine finds no `cat` in the container."""
    try:
        return proc.read(ctx, container, *TABLES)
    except EngineUnavailable:
        raise
    except EngineError as error:
        now = ctx.engine.container(container.id)
        if now is None or not now.is_running:
            raise
        return ExecResult(exit_code=1, stderr=str(error).encode())
