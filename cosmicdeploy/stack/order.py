"""The order in which services depend on each other."""

from __future__ import annotations

from graphlib import TopologicalSorter

from cosmicdeploy.stack.model import Stack


def in_order(stack: Stack) -> list[str]:
    """Return all services, each after those that it depends on."""
    graph = {
        name: [other for other in service.depends_on if other in stack.services]
        for name, service in stack.services.items()
    }
    return list(TopologicalSorter(graph).static_order())


def needed_by(stack: Stack, names: set[str]) -> set[str]:
    """Return the services that these depend on, directly or through others."""
    needed, left = set[str](), list(names)
    while left:
        for other in stack.services[left.pop()].depends_on:
            if other in stack.services and other not in needed:
                needed.add(other)
                left.append(other)
    return needed


def ending(stack: Stack) -> set[str]:
    """Return the services that another one waits for until they have ended successfully."""
    return {
        other
        for service in stack.services.values()
        for other, dependency in service.depends_on.items()
        if dependency.condition == "service_completed_successfully"
    }
