"""The replicas as a load balancer may know them: by name or by address."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from cosmicdeploy.context import Context
from cosmicdeploy.proxy.nginx.upstreams import Group


def names(ctx: Context, service: str) -> set[str]:
    """What the engine's name server calls a service's container."""
    declared = ctx.service(service)
    aliases = (alias for place in declared.networks for alias in place.aliases)
    return {service, declared.container_name, *aliases}


def addresses(ctx: Context, service: str) -> set[str]:
    """Those it has, and those that the compose file gives it: it may just be away."""
    container = ctx.container(service)
    declared = (place.ipv4_address for place in ctx.service(service).networks)
    present = container.addresses.values() if container else ()
    return {*present, *(address for address in declared if address)}


Known = Mapping[str, set[str]]


def known_as(ctx: Context) -> Known:
    """Each replica's names and addresses."""
    apps = ctx.settings.services.app
    return {name: names(ctx, name) | addresses(ctx, name) for name in apps}


def groups_of(known: Known, groups: list[Group]) -> list[Group]:
    """The groups that a replica is in."""
    ours = set().union(*known.values())
    return [group for group in groups if any(server.host in ours for server in group.servers)]


def nobodys(ctx: Context, known: Known, ours: list[Group]) -> list[str]:
    """Addresses in the replicas' groups that no replica has, though they are in the engine's
    networks. One elsewhere is another host's, which we know nothing of."""
    hosts = {server.host for group in ours for server in group.servers}
    hosts -= set().union(*known.values())
    networks = [ip_network(subnet) for subnet in ctx.engine.subnets()] if hosts else []
    return sorted(host for host in hosts if any(_is_in(host, network) for network in networks))


def _is_in(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(host.strip("[]")) in network
    except ValueError:
        return False  # a name
