"""Reload nginx if it holds stale addresses of the replicas.

Usually, nginx resolves a name only when it starts and when it reloads. A reload closes the idle
connections of clients, so the deployer reloads nginx only if nginx must have a stale address. That
is so if nginx knows a replica by name, and the replica started later than nginx's workers and gets
none of many requests. While nginx skips a replica after a failure (`fail_timeout`), a replica with
an unchanged address gets no requests either. So the deployer first sends requests for longer than
that time.

nginx may also resolve a name while it runs, but use the answer for long. Then a worker may have an
old address even if another worker already reaches the replica.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.proxy.kernel.processes import processes
from cosmicdeploy.proxy.nginx.replica_groups import replica_groups, unknown_addresses
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration, reload
from cosmicdeploy.proxy.nginx.upstream_policy import UpstreamPolicy, policies_of
from cosmicdeploy.proxy.nginx.upstreams import Group, groups
from cosmicdeploy.proxy.probe_requests import unreached
from cosmicdeploy.proxy.replicas import ReplicaHosts, names, replica_hosts

# nginx may have resolved its names this long before its workers started: 5 s in clock ticks.
RESOLVING_TICKS = 500
REACHED_SECONDS = 5.0


def reload_if_stale(ctx: Context, moved: Collection[str] | None = None) -> bool:
    """Reload nginx if it does not know a replica's present address; return whether it reloaded.

    `moved` are the replicas whose address changed since nginx reached them. nginx is reloaded if it
    resolves the name of one of them too rarely, or does not reach one. If `moved` is None, nginx is
    reloaded if any replica gets no request for longer than nginx may skip it. A replica that is not
    reached causes a reload only if nginx knows it by name, and if it started after nginx resolved
    the name. After a reload, the function waits until the replicas that caused it get requests.
    Nothing happens if the proxy is not nginx.

    Raises `ConfigError`, without a reload, if nginx would not start with its configuration or has
    an address that no replica has. Raises `EngineError` if the reload fails, and `ProbeFailed` if a
    replica gets no requests after the reload.
    """
    nginx = find_nginx(ctx)
    if nginx is None:
        return False
    hosts = replica_hosts(ctx)
    tree = read_configuration(ctx, nginx)
    groups_with_replicas = replica_groups(hosts, groups(tree))
    _require_known(ctx, nginx, hosts, groups_with_replicas)
    policies = policies_of(hosts, tree, len(nginx.workers))
    newer = [
        name for name in _known_by_name(ctx, groups_with_replicas) if _is_newer(ctx, name, nginx)
    ]
    if moved is None:
        probed = [name for name in newer if policies[name].in_rotation]
        stale = _unreached_newer(ctx, probed, policies)
    else:
        stale = _unreached_moved(ctx, [name for name in newer if name in moved], policies)
    # If one worker reaches these replicas, the other workers may still have old addresses.
    stale += [
        name
        for name in moved or ()
        if name not in stale and name in policies and policies[name].is_resolved_late
    ]
    if not stale:
        return False
    reload(ctx, nginx)
    _require_reached(ctx, [name for name in stale if policies[name].in_rotation])
    ctx.say(f"nginx was reloaded: it could have old addresses of {', '.join(stale)}")
    return True


def reload_if_ambiguous(ctx: Context, services: Collection[str]) -> bool:
    """Reload nginx if it may have resolved a service's name to two containers.

    Returns whether nginx was reloaded. For use after a start-first replacement, in which the new
    container starts before the superseded one stops, so that for a while both have the service's
    name. Raises `ConfigError` if nginx would not start with its configuration, and `EngineError` if
    the reload fails.
    """
    nginx = find_nginx(ctx)
    if nginx is None:
        return False
    hosts, tree = replica_hosts(ctx), read_configuration(ctx, nginx)
    policies = policies_of(hosts, tree, len(nginx.workers))
    own_groups = replica_groups(hosts, groups(tree))
    servers = {server.host for group in own_groups for server in group.servers}
    # Both containers have all names of the service, except that only one has its `container_name`.
    shared = (names(ctx, name) - {ctx.service(name).container_name} for name in services)
    is_late = any(policies[name].is_resolved_late for name in services if name in policies)
    if not is_late and not servers & set().union(*shared):
        return False
    reload(ctx, nginx)
    return True


def reload_if_older(ctx: Context) -> bool:
    """Reload nginx if it knows by name a replica that started later than nginx's workers.

    Returns whether nginx was reloaded. For use during maintenance, when no request can show whether
    nginx reaches the replica. Raises `ConfigError` if nginx would not start with its configuration,
    and `EngineError` if the reload fails.
    """
    nginx = find_nginx(ctx)
    if nginx is None:
        return False
    groups_with_replicas = replica_groups(
        replica_hosts(ctx), groups(read_configuration(ctx, nginx))
    )
    if not any(_is_newer(ctx, name, nginx) for name in _known_by_name(ctx, groups_with_replicas)):
        return False
    reload(ctx, nginx)
    return True


def _require_known(
    ctx: Context, nginx: Nginx, hosts: ReplicaHosts, groups_with_replicas: list[Group]
) -> None:
    if unknown := unknown_addresses(ctx, hosts, groups_with_replicas):
        raise ConfigError(
            f"nginx sends requests to {', '.join(unknown)}, which no replica has",
            where=nginx.container.name,
            todo="give the replicas these addresses in the compose file, or name the replicas in "
            "nginx's configuration",
        )


def _unreached_moved(
    ctx: Context, moved: list[str], policies: Mapping[str, UpstreamPolicy]
) -> list[str]:
    """Return the moved replicas that nginx does not reach.

    A replica also counts as not reached if its connections cannot be read, or if it is not
    `in_rotation`, since then no request can show whether nginx reaches it.
    """
    probed = [name for name in moved if policies[name].in_rotation]
    try:
        missing = unreached(ctx, probed, ctx.settings.restart.pause)
    except EngineUnavailable:
        raise
    except EngineError:
        missing = probed
    return [name for name in moved if name in missing or name not in probed]


def _unreached_newer(
    ctx: Context, newer: list[str], policies: Mapping[str, UpstreamPolicy]
) -> list[str]:
    """Return the replicas that get no request for longer than nginx may skip them.

    Empty if their connections cannot be read.
    """
    longest = max((policies[name].unavailable_for for name in newer), default=0.0)
    try:
        return unreached(ctx, newer, max(longest, ctx.settings.restart.pause))
    except EngineUnavailable:
        raise
    except EngineError:
        return []


def _known_by_name(ctx: Context, groups_with_replicas: list[Group]) -> list[str]:
    """Return the replicas that nginx's configuration names, instead of their addresses."""
    servers = {server.host for group in groups_with_replicas for server in group.servers}
    return [name for name in ctx.settings.services.app if names(ctx, name) & servers]


def _is_newer(ctx: Context, service: str, nginx: Nginx) -> bool:
    """Return whether the replica runs and may have started after nginx resolved its name."""
    container = ctx.container(service)
    if container is None or not container.is_running:
        return False
    latest = max((worker.started for worker in nginx.workers), default=0)
    first = next((p for p in processes(ctx, container) if p.pid == 1), None)
    return first is None or first.started > latest - RESOLVING_TICKS


def _require_reached(ctx: Context, services: list[str]) -> None:
    try:
        missing = unreached(ctx, services, REACHED_SECONDS)
    except EngineUnavailable:
        raise
    except EngineError:
        return  # it is unknown whether these replicas get requests
    if missing:
        raise ProbeFailed(
            f"nginx was reloaded and still sends nothing to {', '.join(missing)}",
            where=str(ctx.settings.services.proxy),
            todo="check that nginx and the replica share a network, and read the proxy's error log",
        )
