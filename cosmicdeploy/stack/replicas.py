"""Give each replica of a service with several containers an entry of its own.

Rollouts, the status and the journal handle one container at a time, by the name of its service.
With an entry in `Stack.services` for each replica, a service with `deploy.replicas: 3` is handled
like three services with one container each. Swarm names the replicas of a service in the same way:
`app.1`, `app.2`, `app.3`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Service, Stack


def with_replicas(stack: Stack, numbers: Mapping[str, Sequence[int]]) -> Stack:
    """Return the stack with an entry for each replica instead of one for the service.

    `numbers` maps services to the numbers of their replicas; other services stay as they are.
    Raises `ConfigError` if a replica gets the name of another service.
    """
    services: dict[str, Service] = {}
    for name, service in stack.services.items():
        for each in _entries(service, numbers.get(name)):
            if each.name in services or (each.name != name and each.name in stack.services):
                raise ConfigError(
                    f"The service {each.name} has the name of a replica of {name}",
                    where=str(stack.file),
                    todo=f"give the service {each.name} another name",
                )
            services[each.name] = each
    return replace(stack, services=_with_dependencies(services))


def _entries(service: Service, numbers: Sequence[int] | None) -> Iterable[Service]:
    if numbers is None:
        return [service]
    # The service's container name is that of its first container, which ends with 1: shop-app-1.
    return [
        replace(
            service,
            name=f"{service.name}.{number}",
            container_name=f"{service.container_name.removesuffix('1')}{number}",
            replica=number,
        )
        for number in numbers
    ]


def _with_dependencies(services: Mapping[str, Service]) -> dict[str, Service]:
    """Replace each dependency on a service by dependencies on all its replicas."""
    replicas = replicas_by_service(services.values())
    return {
        name: replace(
            service,
            depends_on={
                replica: dependency
                for other, dependency in service.depends_on.items()
                for replica in replicas.get(other, ())
            },
        )
        for name, service in services.items()
    }


def replicas_by_service(services: Iterable[Service]) -> dict[str, tuple[str, ...]]:
    """Return the names of each service's entries, by the service's name in the compose file."""
    names: dict[str, tuple[str, ...]] = {}
    for service in services:
        names[service.compose_name] = (*names.get(service.compose_name, ()), service.name)
    return names
