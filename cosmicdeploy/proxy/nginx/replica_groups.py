"""Find the replicas among the servers of nginx's groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import repeat

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.nginx.upstreams import Group, Server
from cosmicdeploy.proxy.replicas import ReplicaHosts


def replica_groups(hosts: ReplicaHosts, groups: list[Group]) -> list[Group]:
    """Return those of the groups that contain at least one replica.

    A server whose name several replicas share is repeated for each of them: nginx makes a server of
    each address of the name.
    """
    all_hosts = set().union(*hosts.values())
    found = [each for each in groups if any(server.host in all_hosts for server in each.servers)]
    return [replace(each, servers=tuple(_repeated(hosts, each.servers))) for each in found]


def _repeated(hosts: ReplicaHosts, servers: Iterable[Server]) -> Iterator[Server]:
    for server in servers:
        count = sum(server.host in own for own in hosts.values())
        yield from repeat(server, max(1, count))


def unknown_addresses(
    ctx: Context, hosts: ReplicaHosts, groups_with_replicas: list[Group]
) -> list[str]:
    """Return the addresses in the groups with replicas that no replica has, sorted.

    Addresses outside the engine's networks are left out: they belong to other hosts, which the
    deployer knows nothing about.
    """
    unknown = {server.host for group in groups_with_replicas for server in group.servers}
    unknown -= set().union(*hosts.values())
    networks = [ip_network(subnet) for subnet in ctx.engine.subnets()] if unknown else []
    return sorted(host for host in unknown if any(_is_in(host, network) for network in networks))


def _is_in(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(host.strip("[]")) in network
    except ValueError:
        return False  # the host is a name
