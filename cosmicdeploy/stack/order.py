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

    Of the groups that can come next, the first in the given order does. Groups may depend on each
    other in a circle, unlike single services: if no group can come next, the first of those left
    does.
    """
    needed = {id(unit): needed_by(stack, set(unit)) for unit in units}
    left, ordered = list(units), list[Sequence[str]]()
    while left:
        ready = (u for u in left if not any(needed[id(u)] & set(o) for o in left if o is not u))
        ordered.append(next(ready, left[0]))
        left.remove(ordered[-1])
    return ordered


def ending(stack: Stack) -> set[str]:
    """Return the services whose successful end another service waits for before it starts."""
    return {
        other
        for service in stack.services.values()
        for other, dependency in service.depends_on.items()
        if dependency.condition == "service_completed_successfully"
    }
