"""The order in which a rollout replaces applications and other services."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.stack.order import in_order_of_dependencies, needed_by
from cosmicdeploy.steps.rollout.planning.batches import grouped


def replaced_together(ctx: Context) -> Sequence[Sequence[str]]:
    """Return the groups of services that are replaced together, in the order of a rollout.

    A group is an application, or another service with all its replicas. A group comes after the
    groups that it depends on. Apart from that, the order is: the database, the cache, services that
    an application needs, the applications as in the settings, the other services, and the proxy.
    """
    settings, services = ctx.settings, ctx.settings.services
    released = [settings.released_by(each) for each in settings.all_applications]
    needed = needed_by(ctx.stack, {*services.released}) | {*services.of(("database", "cache"))}
    others = (*services.of(("database", "cache")), *services.keeping_data, *services.other)
    units = list(map(tuple, grouped(others, lambda name: ctx.service(name).compose_name)))
    first = [unit for unit in units if unit[0] in needed]
    last = [unit for unit in units if unit[0] not in needed]
    proxy = [(name,) for name in services.of(["proxy"])]
    units = [*first, *released, *last, *proxy]
    return in_order_of_dependencies(ctx.stack, _without_repetition(units))


def _without_repetition(units: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Remove from each group the services of earlier groups: a service may have several roles."""
    assigned, groups = set[str](), list[Sequence[str]]()
    for unit in units:
        if rest := tuple(name for name in unit if name not in assigned):
            groups.append(rest)
            assigned.update(rest)
    return groups
