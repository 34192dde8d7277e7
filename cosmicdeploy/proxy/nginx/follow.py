"""Let nginx know where the replicas are now.

nginx looks a name up once: when it starts, and when it reloads. A reload costs clients their idle
connections, so it is done only where nginx must be wrong: a replica that it knows by name started
after nginx's workers did, and gets no request though there are enough. One that stayed at its
address gets none either while nginx passes it over (`fail_timeout`): that is waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.proxy.nginx.fail_timeout import Treatment, treatments_in
from cosmicdeploy.proxy.nginx.server import Nginx, configuration, find, processes, reload
from cosmicdeploy.proxy.nginx.upstreams import Group, groups
from cosmicdeploy.proxy.replicas import Known, groups_of, known_as, names, nobodys
from cosmicdeploy.proxy.routing import not_reached

# nginx looks names up shortly before its workers start. In clock ticks, 100 to the second.
MARGIN = 500
SEEN_WITHIN = 5.0


def follow(ctx: Context, moved: Collection[str] | None = None) -> bool:
    """Reload nginx where it does not know a replica's present address; whether it did.

    `moved` are the replicas whose address is another one than nginx was seen to use: no other one
    is a reason to reload. Where it is not known who moved, whoever gets nothing for longer than
    nginx may pass over a replica has. The new address is seen to get requests when this returns.
    Another proxy than nginx is left alone. Raises `ConfigError` where nginx would not start again
    or has an address that is nobody's (then it was not reloaded), `EngineError` or `ProbeFailed`
    where the reload did not help.
    """
    proxy = find(ctx)
    if proxy is None:
        return False
    known = known_as(ctx)
    ours = groups_of(known, groups(configuration(ctx, proxy)))
    _require_known(ctx, proxy, known, ours)
    treated = treatments_in(known, ours, len(proxy.workers))
    newer = [name for name in _by_name(ctx, ours) if _newer(ctx, name, proxy)]
    lost = (
        _passed_by(ctx, [name for name in newer if treated[name].in_turn], treated)
        if moved is None
        else _lost(ctx, [name for name in newer if name in moved], treated)
    )
    if not lost:
        return False
    reload(ctx, proxy)
    _see(ctx, [name for name in lost if treated[name].in_turn])
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


def _lost(ctx: Context, moved: list[str], treated: Mapping[str, Treatment]) -> list[str]:
    """Replicas that moved and that nginx does not find: all of them where that cannot be seen."""
    asked = [name for name in moved if treated[name].in_turn]
    try:
        missing = not_reached(ctx, asked, ctx.settings.restart.pause)
    except EngineUnavailable:
        raise
    except EngineError:
        missing = asked
    return [name for name in moved if name in missing or name not in asked]


def _passed_by(ctx: Context, newer: list[str], treated: Mapping[str, Treatment]) -> list[str]:
    """Replicas that get nothing for longer than nginx passes them over."""
    longest = max((treated[name].passed_over for name in newer), default=0.0)
    try:
        return not_reached(ctx, newer, max(longest, ctx.settings.restart.pause))
    except EngineUnavailable:
        raise
    except EngineError:
        return []


def _by_name(ctx: Context, ours: list[Group]) -> list[str]:
    hosts = {server.host for group in ours for server in group.servers}
    return [name for name in ctx.settings.services.app if names(ctx, name) & hosts]


def _newer(ctx: Context, service: str, proxy: Nginx) -> bool:
    """Whether a replica runs that may have started after nginx looked its name up."""
    container = ctx.container(service)
    if container is None or not container.is_running:
        return False
    latest = max((worker.started for worker in proxy.workers), default=0)
    first = next((p for p in processes(ctx, container) if p.pid == 1), None)
    return first is None or first.started > latest - MARGIN


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
