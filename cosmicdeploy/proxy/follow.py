"""Let nginx know where the replicas are now.

nginx looks a name up once: when it starts, and when it reloads. A reload costs clients their idle
connections, so it is done only where nginx must be wrong: a replica that it knows by name started
after nginx's workers did, and gets no request though there are enough.
"""

from __future__ import annotations

from collections.abc import Collection

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.proxy.asking import not_reached
from cosmicdeploy.proxy.nginx import Nginx, configuration, find, processes, reload
from cosmicdeploy.proxy.replicas import Known, groups_of, known_as, names, nobodys
from cosmicdeploy.proxy.upstreams import Group, groups

# nginx looks names up shortly before its workers start. In clock ticks, 100 to the second.
MARGIN = 500
SEEN_WITHIN = 5.0


def follow(ctx: Context) -> bool:
    """Reload nginx where it does not know a replica's present address; whether it did.

    The new address is seen to get requests when this returns. Another proxy than nginx is left
    alone. Raises `ConfigError` where nginx would not start again or has an address that is nobody's
    (then it was not reloaded), `EngineError` or `ProbeFailed` where the reload did not help.
    """
    proxy = find(ctx)
    if proxy is None:
        return False
    known = known_as(ctx)
    ours = groups_of(known, groups(configuration(ctx, proxy)))
    _require_known(ctx, proxy, known, ours)
    lost = _lost(ctx, proxy, ours)
    if not lost:
        return False
    reload(ctx, proxy)
    _see(ctx, [name for name in lost if _gets_a_share(ctx, name, ours)])
    ctx.say(f"nginx was reloaded: it did not know where {', '.join(lost)} had gone")
    return True


def forget(ctx: Context, services: Collection[str]) -> bool:
    """Reload nginx where it looked these up while two containers of each answered to the name, and
    one of the two has stopped since; whether it did.

    Raises as `follow` does.
    """
    proxy = find(ctx)
    if proxy is None:
        return False
    ours = groups_of(known_as(ctx), groups(configuration(ctx, proxy)))
    hosts = {server.host for group in ours for server in group.servers}
    shared = (names(ctx, name) - {ctx.service(name).container_name} for name in services)
    if not hosts & set().union(*shared):
        return False
    reload(ctx, proxy)
    return True


def renew(ctx: Context) -> bool:
    """Reload nginx where it knows a replica by name that started after it, without asking whether
    it finds it all the same; whether it did. For when no client is let in anyway.

    Raises as `follow` does.
    """
    proxy = find(ctx)
    if proxy is None:
        return False
    ours = groups_of(known_as(ctx), groups(configuration(ctx, proxy)))
    if not any(_newer(ctx, name, proxy) for name in _by_name(ctx, ours)):
        return False
    reload(ctx, proxy)
    return True


def _require_known(ctx: Context, proxy: Nginx, known: Known, ours: list[Group]) -> None:
    if wrong := nobodys(ctx, known, ours):
        raise ConfigError(
            f"nginx sends requests to {', '.join(wrong)}, which no replica has",
            where=proxy.container.name,
            todo="give the replicas these addresses in the compose file, or name the replicas in "
            "nginx's configuration",
        )


def _lost(ctx: Context, proxy: Nginx, ours: list[Group]) -> list[str]:
    """Replicas that nginx does not find any more."""
    moved = [name for name in _by_name(ctx, ours) if _newer(ctx, name, proxy)]
    asked = [name for name in moved if _gets_a_share(ctx, name, ours)]
    # As long as nginx may pass over a server that failed it: `restart.pause` is longer than that.
    missing = _missing(ctx, asked, ctx.settings.restart.pause)
    return [name for name in moved if name in missing or name not in asked]


def _missing(ctx: Context, services: list[str], within: float) -> list[str]:
    """Who gets no request; all of them where that cannot be seen."""
    try:
        return not_reached(ctx, services, within)
    except EngineUnavailable:
        raise
    except EngineError:
        return services


def _by_name(ctx: Context, ours: list[Group]) -> list[str]:
    hosts = {server.host for group in ours for server in group.servers}
    return [name for name in ctx.settings.services.app if names(ctx, name) & hosts]


def _newer(ctx: Context, service: str, proxy: Nginx) -> bool:
    """Whether a replica runs that may have started after nginx looked its name up."""
    container = ctx.container(service)
    if container is None or not container.running:
        return False
    latest = max((worker.started for worker in proxy.workers), default=0)
    first = next((p for p in processes(ctx, container) if p.pid == 1), None)
    return first is None or first.started > latest - MARGIN


def _gets_a_share(ctx: Context, service: str, ours: list[Group]) -> bool:
    """Whether requests from here must come to it: no spare, and not chosen by who asks."""
    called = names(ctx, service)
    return any(
        server.host in called and server.at_work
        for group in ours
        if group.spreads
        for server in group.servers
    )


def _see(ctx: Context, services: list[str]) -> None:
    try:
        missing = not_reached(ctx, services, SEEN_WITHIN)
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
