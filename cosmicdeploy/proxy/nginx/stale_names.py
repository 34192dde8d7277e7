"""Reload nginx where its addresses of the replicas are stale.

nginx resolves a name when it starts and when it reloads, never in between. A reload costs clients
their idle connections, so it is done only where nginx must be wrong: a replica that it knows by
name started after nginx's workers did and gets none of many requests. A replica that kept its
address may get none either, as long as nginx passes it over (`fail_timeout`): that is waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.proxy.nginx.server import (
    Nginx,
    find_nginx,
    processes,
    read_configuration,
    reload,
)
from cosmicdeploy.proxy.nginx.upstream_policy import UpstreamPolicy, policies_of
from cosmicdeploy.proxy.nginx.upstreams import Group, groups
from cosmicdeploy.proxy.probe_requests import unreached
from cosmicdeploy.proxy.replicas import (
    ReplicaHosts,
    names,
    replica_groups,
    replica_hosts,
    unknown_addresses,
)

# nginx resolves names shortly before its workers start. In clock ticks, 100 to the second.
MARGIN = 500
REACHED_WITHIN = 5.0


def reload_if_stale(ctx: Context, moved: Collection[str] | None = None) -> bool:
    """Reload nginx if it does not know a replica's present address; return whether it did.

    `moved` are the replicas whose address changed since nginx reached them: only they are a reason
    to reload. None if that is not known: then each replica counts that gets nothing for longer than
    nginx may pass it over. The new address gets requests when this returns. Another proxy than
    nginx is left alone.

    Raises `ConfigError` if nginx would not start again or has an address that no replica has (then
    it was not reloaded), `EngineError` or `ProbeFailed` if the reload did not help.
    """
    nginx = find_nginx(ctx)
    if nginx is None:
        return False
    hosts = replica_hosts(ctx)
    with_replicas = replica_groups(hosts, groups(read_configuration(ctx, nginx)))
    _require_known(ctx, nginx, hosts, with_replicas)
    policies = policies_of(hosts, with_replicas, len(nginx.workers))
    newer = [name for name in _known_by_name(ctx, with_replicas) if _is_newer(ctx, name, nginx)]
    stale = (
        _silent(ctx, [name for name in newer if policies[name].in_rotation], policies)
        if moved is None
        else _lost(ctx, [name for name in newer if name in moved], policies)
    )
    if not stale:
        return False
    reload(ctx, nginx)
    _require_reached(ctx, [name for name in stale if policies[name].in_rotation])
    ctx.say(f"nginx was reloaded: it had old addresses of {', '.join(stale)}")
    return True


def reload_if_ambiguous(ctx: Context, services: Collection[str]) -> bool:
    """Reload nginx if it knows one of these services by a name that two containers had; return
    whether it did.

    For after a start-first replacement: nginx may have resolved the name while the superseded
    container, stopped since, had it too. Raises as `reload_if_stale` does.
    """
    nginx = find_nginx(ctx)
    if nginx is None:
        return False
    with_replicas = replica_groups(replica_hosts(ctx), groups(read_configuration(ctx, nginx)))
    servers = {server.host for group in with_replicas for server in group.servers}
    shared = (names(ctx, name) - {ctx.service(name).container_name} for name in services)
    if not servers & set().union(*shared):
        return False
    reload(ctx, nginx)
    return True


def reload_if_older(ctx: Context) -> bool:
    """Reload nginx if a replica that it knows by name started after it; return whether it did.

    For a maintenance window: whether nginx reaches the replica all the same is not probed. Raises
    as `reload_if_stale` does.
    """
    nginx = find_nginx(ctx)
    if nginx is None:
        return False
    with_replicas = replica_groups(replica_hosts(ctx), groups(read_configuration(ctx, nginx)))
    if not any(_is_newer(ctx, name, nginx) for name in _known_by_name(ctx, with_replicas)):
        return False
    reload(ctx, nginx)
    return True


def _require_known(
    ctx: Context, nginx: Nginx, hosts: ReplicaHosts, with_replicas: list[Group]
) -> None:
    if unknown := unknown_addresses(ctx, hosts, with_replicas):
        raise ConfigError(
            f"nginx sends requests to {', '.join(unknown)}, which no replica has",
            where=nginx.container.name,
            todo="give the replicas these addresses in the compose file, or name the replicas in "
            "nginx's configuration",
        )


def _lost(ctx: Context, moved: list[str], policies: Mapping[str, UpstreamPolicy]) -> list[str]:
    """Return the moved replicas that nginx does not reach: all of them if that cannot be seen."""
    probed = [name for name in moved if policies[name].in_rotation]
    try:
        missing = unreached(ctx, probed, ctx.settings.restart.pause)
    except EngineUnavailable:
        raise
    except EngineError:
        missing = probed
    return [name for name in moved if name in missing or name not in probed]


def _silent(ctx: Context, newer: list[str], policies: Mapping[str, UpstreamPolicy]) -> list[str]:
    """Return the replicas that get nothing for longer than nginx passes them over."""
    longest = max((policies[name].unavailable_for for name in newer), default=0.0)
    try:
        return unreached(ctx, newer, max(longest, ctx.settings.restart.pause))
    except EngineUnavailable:
        raise
    except EngineError:
        return []


def _known_by_name(ctx: Context, with_replicas: list[Group]) -> list[str]:
    servers = {server.host for group in with_replicas for server in group.servers}
    return [name for name in ctx.settings.services.app if names(ctx, name) & servers]


def _is_newer(ctx: Context, service: str, nginx: Nginx) -> bool:
    """Return whether the replica runs and may have started after nginx resolved its name."""
    container = ctx.container(service)
    if container is None or not container.is_running:
        return False
    latest = max((worker.started for worker in nginx.workers), default=0)
    first = next((p for p in processes(ctx, container) if p.pid == 1), None)
    return first is None or first.started > latest - MARGIN


def _require_reached(ctx: Context, services: list[str]) -> None:
    try:
        missing = unreached(ctx, services, REACHED_WITHIN)
    except EngineUnavailable:
        raise
    except EngineError:
        return  # whether it gets requests cannot be seen
    if missing:
        raise ProbeFailed(
            f"nginx was reloaded and still sends nothing to {', '.join(missing)}",
            where=str(ctx.settings.services.proxy),
            todo="see that both are in one network, and the proxy's error log",
        )
