"""The names and addresses by which a load balancer may know the replicas."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import Container
from cosmicdeploy.engine.containers.names import ContainerRole, final_name, role_of

# Replica → its names and addresses.
ReplicaHosts = Mapping[str, set[str]]


def names(ctx: Context, service: str) -> set[str]:
    """Return the names that the engine's name server resolves to a service's container."""
    declared = ctx.service(service)
    aliases = (alias for network in declared.networks for alias in network.aliases)
    return {declared.compose_name, declared.container_name, *aliases}


def unique_names(ctx: Context, service: str) -> set[str]:
    """Return the names that the engine resolves to this replica and to no other."""
    others = (names(ctx, other) for other in ctx.settings.services.app if other != service)
    return names(ctx, service) - set().union(*others)


def addresses(ctx: Context, service: str) -> set[str]:
    """Return a service's declared addresses, and its container's present ones if it has any."""
    container = ctx.container(service)
    declared = (network.ipv4_address for network in ctx.service(service).networks)
    present = container.addresses.values() if container else ()
    return {*present, *(address for address in declared if address)}


def addresses_for_proxy(ctx: Context, container: Container) -> list[str]:
    """Return a container's addresses in the proxy's networks; all if it shares none of them."""
    name = ctx.settings.services.proxy
    proxy = ctx.container(name) if name else None
    own = container.addresses
    shared = [own[network] for network in own if proxy and network in proxy.addresses]
    return shared or list(own.values())


def superseded_addresses(ctx: Context, service: str) -> set[str]:
    """Return the addresses of a service's superseded containers that still run."""
    name = ctx.service(service).container_name
    return {
        address
        for container in ctx.unassigned_containers()
        if container.is_running
        and role_of(container.name) is ContainerRole.SUPERSEDED
        and final_name(container.name) == name
        for address in container.addresses.values()
    }


def replica_hosts(ctx: Context) -> ReplicaHosts:
    """Return each replica's names and addresses."""
    apps = ctx.settings.services.app
    return {name: names(ctx, name) | addresses(ctx, name) for name in apps}
