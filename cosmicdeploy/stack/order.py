"""Sort services by their dependencies."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from cosmicdeploy.stack.model import Stack


def in_order(stack: Stack) -> list[str]:
    """Return the names of all services, each after the services that it depends on."""
    graph = {
        name: [other for other in service.depends_on if other in stack.services]
        for name, service in stack.services.items()
    }
    return list(TopologicalSorter(graph).static_order())


def needed_by(stack: Stack, names: set[str]) -> set[str]:
    """Return the services that the named ones depend on, directly or through others."""
    needed, left = set[str](), list(names)
    while left:
        for other in stack.services[left.pop()].depends_on:
            if other in stack.services and other not in needed:
                needed.add(other)
                left.append(other)
    return needed


def in_order_of_dependencies(stack: Stack, units: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return groups of services (`units`), each after the groups that its services depend on.

    If several groups can come next, the first of them in the given order is taken. Unlike single
    services, groups may depend on each other in a circle. If every group that is left depends on
    another one that is left, the first of them is taken.
    """
    needed = {id(unit): needed_by(stack, set(unit)) for unit in units}
    left, ordered = list(units), list[Sequence[str]]()
    while left:
        ready = (u for u in left if not any(needed[id(u)] & set(o) for o in left if o is not u))
        ordered.append(next(ready, left[0]))
        left.remove(ordered[-1])
    return ordered


def ending(stack: Stack) -> set[str]:
    """Return the services that have to end successfully before another service starts."""
    return {
        other
        for service in stack.services.values()
        for other, dependency in service.depends_on.items()
        if dependency.condition == "service_completed_successfully" and other in stack.services
    }
