"""Read and check the dependencies between services."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import get_args

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Condition, Dependency, Service
from cosmicdeploy.stack.sections.networking.links import IMPLYING
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.text.suggest import did_you_mean


def read_dependencies(entry: ComposeValue | None) -> dict[str, Dependency]:
    """Return the entries of `depends_on`, by the name of the other service."""
    if entry is None:
        return {}
    if isinstance(entry.data, list):
        return dict.fromkeys(entry.texts(), Dependency())
    return {name: _dependency(item) for name, item in entry.mapping().items()}


def _dependency(item: ComposeValue) -> Dependency:
    if item.data is None:
        return Dependency()
    item.mapping(("condition", "restart", "required"))
    return Dependency(
        condition=item.optional("condition", _condition) or "service_started",
        restart=item.optional("restart", ComposeValue.flag) or False,
        required=item.optional("required", ComposeValue.flag) is not False,
    )


def _condition(entry: ComposeValue) -> Condition:
    word = entry.one_of(get_args(Condition))
    # The same word, but of the type `Condition`.
    return next(condition for condition in get_args(Condition) if condition == word)


def without_absent_optional(service: Service, names: Collection[str]) -> Service:
    """Return the service without its optional dependencies on services that are not in `names`.

    A service may be missing in `names` because none of its profiles is active.
    """
    kept = {
        name: dependency
        for name, dependency in service.depends_on.items()
        if dependency.required or name in names
    }
    return replace(service, depends_on=kept)


def _unknown_service(
    entry: ComposeValue, other: str, services: Mapping[str, Service], inactive: frozenset[str]
) -> ConfigError:
    if other in inactive:
        return entry.error(
            f"names the service '{other}', none of whose profiles is active",
            "add one of its profiles to COMPOSE_PROFILES, or to `profiles` in cosmicdeploy.yaml; or"
            " remove it here",
        )
    return entry.error(
        f"names the service '{other}', which is not declared",
        did_you_mean(other, services) or "declare it, or remove it here",
    )


def check_dependencies(
    entries: ComposeValue, services: Mapping[str, Service], inactive: frozenset[str]
) -> None:
    """Raise `ConfigError` for a dependency on a missing service, or for circular dependencies."""
    for name, service in services.items():
        for other in service.depends_on:
            if other not in services:
                entry = _place(entries.child(name), other)
                raise _unknown_service(entry, other, services, inactive)
    try:
        TopologicalSorter({name: s.depends_on for name, s in services.items()}).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # each service depends on the next one
        raise _place(entries.child(circle[0]), circle[1]).error(
            f"goes in a circle: {' → '.join(circle)}", "remove one of these dependencies"
        ) from None


def _place(service: ComposeValue, other: str) -> ComposeValue:
    """Return the entry of a service that makes it depend on `other`, to locate an error."""
    declared = service.get("depends_on")
    if declared is not None and other in declared.data:
        return declared
    for key in IMPLYING:
        entry = service.get(key)
        if entry is not None and other in str(entry.data):
            return entry
    return service
