"""Find the replicas among HAProxy's servers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.haproxy.configuration import (
    WITH_SERVERS,
    DeclaredServer,
    Section,
    keeps_clients,
)
from cosmicdeploy.proxy.haproxy.configuration import servers as declared_servers
from cosmicdeploy.proxy.haproxy.process import HAProxy
from cosmicdeploy.proxy.haproxy.runtime import Server
from cosmicdeploy.proxy.replicas import (
    ReplicaHosts,
    addresses,
    names,
    superseded_addresses,
    unique_names,
)


def at_addresses(servers: Iterable[Server], wanted: Collection[str]) -> list[Server]:
    """Return the servers that have one of these addresses."""
    return [server for server in servers if server.address in wanted]


def servers_of(ctx: Context, servers: Sequence[Server], name: str) -> list[Server]:
    """Return the servers of a replica: by its addresses, or by a name that only this replica has.

    A server whose container is stopped has no address, but still its name.
    """
    own, unique = addresses(ctx, name), unique_names(ctx, name)
    return [s for s in servers if s.address in own or (not s.address and s.fqdn in unique)]


def backends_of(servers: Iterable[Server]) -> set[str]:
    """Return the names of the backends that have these servers."""
    return {server.backend for server in servers}


def by_replica(ctx: Context, servers: Sequence[Server]) -> Mapping[str, list[Server]]:
    """Return each replica's servers, by the replica's name."""
    return {name: servers_of(ctx, servers, name) for name in ctx.settings.services.app}


def taken_out(
    ctx: Context, haproxy: HAProxy, servers: Iterable[Server]
) -> Mapping[str, list[Server]]:
    """Return the servers that are out of service because of a run or an operator, by replica.

    A server belongs to the replica that has its address, or to the first replica of its name: it
    may have lost its container, or still have the address of one that is gone. Servers that belong
    to no replica are left out.
    """
    found: dict[str, list[Server]] = {}
    hosts = _hosts(ctx)
    for server in servers:
        if server.is_taken_out and (owner := _owner(haproxy, server, hosts)):
            found.setdefault(owner, []).append(server)
    return found


def _hosts(ctx: Context) -> Mapping[str, tuple[set[str], set[str]]]:
    """Return the addresses of each replica, also of its superseded containers, and its names."""
    return {
        name: (addresses(ctx, name) | superseded_addresses(ctx, name), names(ctx, name))
        for name in ctx.settings.services.app
    }


def _owner(haproxy: HAProxy, server: Server, hosts: Mapping[str, tuple[set[str], set[str]]]) -> str:
    """Return the replica to which a server belongs; "" if to none."""
    line = declared(haproxy, server)
    called = {server.fqdn, line.host if line is not None else ""}
    by_address = (name for name, (own, _) in hosts.items() if server.address in own)
    by_name = (name for name, (_, own) in hosts.items() if called & own)
    return next(by_address, "") or next(by_name, "")


def sections_with(sections: Iterable[Section], backends: Collection[str]) -> list[Section]:
    """Return those of the sections that declare these backends."""
    return [each for each in sections if each.kind in WITH_SERVERS and each.name in backends]


def declared_backends(sections: Iterable[Section], hosts: ReplicaHosts) -> Mapping[str, set[str]]:
    """Return the backends that declare each replica as a server, for those that have any.

    `hosts` are the names and addresses of each replica.
    """
    found: dict[str, set[str]] = {}
    for section in sections:
        if section.kind in WITH_SERVERS:
            servers = {server.host for server in declared_servers(section)}
            for replica, own in hosts.items():
                if own & servers:
                    found.setdefault(replica, set()).add(section.name)
    return found


def declared(haproxy: HAProxy, server: Server) -> DeclaredServer | None:
    """Return the line of the configuration that declares a server; None if none does."""
    for section in sections_with(haproxy.sections, [server.backend]):
        for each in declared_servers(section):
            number = server.name.removeprefix(each.name)
            is_slot = each.slots > 0 and number != server.name and number.isdecimal()
            if each.name == server.name or is_slot:
                return each
    return None


def must_not_persist(haproxy: HAProxy, server: Server) -> bool:
    """Return whether the server's backend sends known clients to it even while it is drained."""
    return any(map(keeps_clients, sections_with(haproxy.sections, [server.backend])))
