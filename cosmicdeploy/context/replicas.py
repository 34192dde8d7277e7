"""Find the replicas of each service, and enter them into the settings and the stack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cosmicdeploy.engine.containers.in_place import adopt_container_names, replica_numbers
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.settings import LoadedSettings, Services, of_application
from cosmicdeploy.stack.data_keepers import data_keepers
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.stack.order import ending, in_order
from cosmicdeploy.stack.replicas import replicas_by_service, with_replicas


def resolve_replicas(
    loaded: LoadedSettings, declared: Stack, containers: Iterable[Container]
) -> tuple[LoadedSettings, Stack]:
    """Return the settings and the stack with an entry for each replica of a service.

    Each declared replica gets an entry, and so does each replica that runs beyond the declared
    number. In the stack, each entry has the name of its present container. Raises `ConfigError` if
    a service that must have one container declares several, or none, or if the main application has
    no replica.
    """
    found = list(containers)
    _require_single(loaded, declared)
    services = with_compose_services(loaded.settings.services, declared)
    numbers = {
        name: of_service
        for name, service in declared.services.items()
        if name not in services.single
        and (of_service := replica_numbers(service, found, declared.project)) is not None
    }
    stack = with_replicas(declared, numbers)
    names = replicas_by_service(stack.services.values())
    replicas = {name: names.get(name, ()) for name in numbers}
    settings = loaded.settings.with_services(services.with_replicas(replicas), replicas)
    return replace(loaded, settings=settings), adopt_container_names(stack, found)


def with_compose_services(named: Services, declared: Stack) -> Services:
    """Return the roles, extended by the services of the compose file that no role names."""
    keeping_data = data_keepers(declared, named.released)
    return named.with_other(in_order(declared), ending(declared), keeping_data)


def _require_single(loaded: LoadedSettings, declared: Stack) -> None:
    for name in dict.fromkeys(loaded.settings.services.single):
        replicas = declared.services[name].replicas
        if replicas != 1:
            raise ConfigError(
                f"{name} declares {replicas} replicas, but its role needs exactly one container",
                where=f"{declared.file}: services.{name}, {loaded.file}: services",
                todo="declare one replica of it, or give it the role app or worker",
            )
    main = loaded.settings.main_application
    if not any(declared.services[name].replicas for name in main.services):
        raise ConfigError(
            f"No service{of_application(main, loaded.settings.all_applications)} with the role app"
            " has a replica",
            where=f"{declared.file}: {', '.join(main.services)}",
            todo="declare at least one replica",
        )
