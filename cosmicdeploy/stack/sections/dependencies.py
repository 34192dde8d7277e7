"""Read and check the dependencies between services."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose_value import ComposeValue
from cosmicdeploy.stack.model import Service
from cosmicdeploy.text.suggest import did_you_mean

_CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")


def read_dependencies(entry: ComposeValue | None) -> dict[str, str]:
    """Return the services that a service depends on, each with its condition."""
    if entry is None:
        return {}
    if isinstance(entry.data, list):
        return dict.fromkeys(entry.texts(), "service_started")
    return {name: _condition(item) for name, item in entry.mapping().items()}


def _condition(item: ComposeValue) -> str:
    if item.data is None:
        return "service_started"
    condition = item.mapping(("condition",)).get("condition")
    return condition.one_of(_CONDITIONS) if condition else "service_started"


def _unknown_service(
    entry: ComposeValue, other: str, services: Mapping[str, Service], inactive: frozenset[str]
) -> ConfigError:
    if other in inactive:
        return entry.error(
            f"names the service '{other}', none of whose profiles is active",
            "add one of its profiles to COMPOSE_PROFILES, or remove it here",
        )
    return entry.error(
        f"names the service '{other}', which is not declared",
        did_you_mean(other, services) or "declare it, or remove it here",
    )


def check_dependencies(
    entries: ComposeValue, services: Mapping[str, Service], inactive: frozenset[str]
) -> None:
    """Raise `ConfigError` for a dependency on an unknown service, or for a circle."""
    for name, service in services.items():
        for other in service.depends_on:
            if other not in services:
                entry = entries.child(name).child("depends_on")
                raise _unknown_service(entry, other, services, inactive)
    try:
        TopologicalSorter({name: s.depends_on for name, s in services.items()}).prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise (
            entries.child(error.args[1][0])
            .child("depends_on")
            .error(f"goes in a circle: {circle}", "remove one of them")
        ) from None
