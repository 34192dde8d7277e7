"""Sort services by their dependencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    services, groups may depend on each other in a circle. Then the first group of the circle is
    taken, and a group that only depends on the circle comes after all groups of the circle.
    """
    needed = [needed_by(stack, set(unit)) for unit in units]
    left, ordered = list(range(len(units))), list[Sequence[str]]()
    while left:
        graph = {i: [j for j in left if j != i and needed[i] & set(units[j])] for i in left}
        reached = {i: _reached(graph, i) for i in left}
        # The first group that depends on none of those left, or only on groups that also depend on
        # it (a circle).
        following = next(i for i in left if all(i in reached[j] for j in reached[i]))
        ordered.append(units[following])
        left.remove(following)
    return ordered


def _reached(graph: Mapping[int, Sequence[int]], start: int) -> set[int]:
    """Return the nodes that can be reached from `start`; `start` itself only in a circle."""
    reached, left = set[int](), [start]
    while left:
        for other in graph[left.pop()]:
            if other not in reached:
                reached.add(other)
                left.append(other)
    return reached


def ending(stack: Stack) -> set[str]:
    """Return the services that have to end successfully before another service starts."""
    return {
        other
        for service in stack.services.values()
        for other, dependency in service.depends_on.items()
        if dependency.condition == "service_completed_successfully" and other in stack.services
    }
