"""The gaps that a rollout announces: what clients notice while a service is replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy import load_balancer
from cosmicdeploy.settings import Support, of_application
from cosmicdeploy.settings.pace import pace_of
from cosmicdeploy.stack.order import needed_by

ONLY_REPLICA = "no client{of} is served between its stop and its start: it is the only replica"
NO_MIXTURE = "no client{of} is served between their stop and their start: {why}"
# What clients notice while infrastructure with this role is replaced.
_WITHOUT: Mapping[Support, str] = {
    "proxy": "no request is served between its stop and its start",
    "database": "the database is away between its stop and its start: requests that need it fail",
    "cache": "the cache is away between its stop and its start, and no backup has its data",
}


def cost_of(ctx: Context, name: str) -> str:
    """Return what it means for clients and data to replace a service of the infrastructure."""
    services = ctx.settings.services
    own = [text for role, text in _WITHOUT.items() if name in services.of([role])]
    if own:
        return own[0]
    users = [user for user in services.released if name in needed_by(ctx.stack, {user})]
    away = "it is away between its stop and its start"
    needed = f" (needed by {', '.join(users)})" if users else ""
    return f"{away}{needed}, and no backup has its data"


def announced_gaps(ctx: Context, replaced: Iterable[str]) -> dict[str, str]:
    """Return what clients notice while each of these services is replaced, by service.

    Leaves out services whose replacement no client notices.
    """
    names = list(replaced)
    conflicts = load_balancer(ctx).conflicts(names)
    gaps = {**declared_gaps(ctx, names), **described_conflicts(ctx, conflicts)}
    return {name: gaps[name] for name in names if name in gaps}


def declared_gaps(ctx: Context, replaced: Iterable[str]) -> dict[str, str]:
    """Return the gaps that the settings and the compose file alone show, by service."""
    services = ctx.settings.services
    noticed = {*services.support, *needed_by(ctx.stack, {*services.released})}
    every, gaps = ctx.settings.all_applications, dict[str, str]()
    for name in replaced:
        if (application := ctx.settings.application_of(name)) is not None:
            if len(application.services) == 1 and _stops_first(ctx, name):
                gaps[name] = ONLY_REPLICA.format(of=of_application(application, every))
        elif name in services.infrastructure and name in noticed:
            gaps[name] = cost_of(ctx, name)
    return gaps


def described_conflicts(ctx: Context, conflicts: Mapping[str, str]) -> dict[str, str]:
    """Return the gaps of replicas whose old and new containers must not run side by side."""
    every = ctx.settings.all_applications
    return {
        name: NO_MIXTURE.format(of=of_application(application, every), why=why)
        for name, why in conflicts.items()
        if (application := ctx.settings.application_of(name)) is not None
    }


def _stops_first(ctx: Context, name: str) -> bool:
    return pace_of(ctx.settings, ctx.service(name)).order == "stop-first"


def other_costs(ctx: Context, replaced: Iterable[str], gaps: Mapping[str, str]) -> str:
    """Return, for a plan's line, the cost of replacing infrastructure that is not in `gaps`."""
    rest = [n for n in replaced if n in ctx.settings.services.infrastructure and n not in gaps]
    return "; ".join(f"{name}: {cost_of(ctx, name)}" for name in rest)


def at_most(ctx: Context, name: str) -> float:
    """Return how many seconds a gap may last: until the service has stopped and is healthy again.

    After infrastructure other than the proxy, the replicas have to become ready again, too.
    """
    restart, services = ctx.settings.restart, ctx.settings.services
    is_needed = name in services.infrastructure and name != services.proxy
    starts = restart.healthy_within * (2 if is_needed else 1)
    return ctx.service(name).stop_grace_period + starts + restart.pause


def described(ctx: Context, gaps: Mapping[str, str]) -> str:
    """Return the gaps as a part of a plan's line."""
    return "; ".join(
        f"{name}: {what} (at most {at_most(ctx, name):.0f} s)" for name, what in gaps.items()
    )


def gap_facts(ctx: Context, gaps: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the gaps as they are announced in a plan's report."""
    return [
        {"service": name, "what": what, "at_most_seconds": at_most(ctx, name)}
        for name, what in gaps.items()
    ]


@contextmanager
def gap(ctx: Context, names: Iterable[str]) -> Iterator[None]:
    """Open the announced gaps of these services during the block.

    Opens none for a service whose replacement no client notices.
    """
    with ExitStack() as stack:
        for name in announced_gaps(ctx, names):
            application = ctx.settings.application_of(name)
            own = application.name if application is not None else ""
            stack.enter_context(ctx.run.gaps.open(name, at_most(ctx, name), application=own))
        yield
