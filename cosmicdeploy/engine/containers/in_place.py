"""Find each service's container in place by its labels, whatever the container's name is.

The container in place is the one that does the service's work, as opposed to a candidate or a
superseded container of a rollout. docker-compose 1.29 names containers `project_service_1`, and v2
`project-service-1`; `docker rename` and `docker run` can give any other name. An interrupted run
may leave a container under a temporary name. This module then uses the final name, which is the
name without the temporary suffix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.names import final_name
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.stack.model import Service, Stack


def adopt_container_names(stack: Stack, containers: Iterable[Container]) -> Stack:
    """Return the stack with each service's `container_name` set to that of its container in place.

    A service without a container gets the name that Compose would give. If the existing containers
    have names with underscores, this name has underscores too, else hyphens. An image that the
    compose file does not name keeps the name that the service's container uses, if a version of
    Compose gives that name; else the image gets its name by the same rule.
    """
    all_containers = list(containers)
    separator = _separator(stack, all_containers)
    services = {
        name: _adopted(stack.project, service, of_service(all_containers, service), separator)
        for name, service in stack.services.items()
    }
    return replace(stack, services=services)


def of_service(containers: Iterable[Container], service: Service) -> list[Container]:
    """Return the containers of a service, or of one replica if `service` is a replica.

    Stopped containers and those with a temporary name are included.
    """
    return [
        container
        for container in containers
        if container.service == service.compose_name
        and labels.MARKER not in container.labels
        and service.replica in (None, labels.number_of(container.labels))
    ]


def service_of(stack: Stack, container: Container) -> Service | None:
    """Return the declared service of a container; None if the stack declares no such service.

    If the service has replicas, returns the replica with the container's number. If no replica has
    this number, returns the first replica.
    """
    same = [s for s in stack.services.values() if s.compose_name == container.service]
    number = labels.number_of(container.labels)
    return next((s for s in same if s.replica in (None, number)), same[0] if same else None)


def replica_numbers(
    service: Service, containers: Iterable[Container], project: str
) -> Sequence[int] | None:
    """Return the numbers of a service's replicas; None if the service is to have one container.

    The numbers are the declared ones and those of additional containers, for example after
    `docker compose up --scale app=5`. If two containers have the same number, or any container has
    an unusual name, additional containers are not counted, since they may be copies of one
    container rather than replicas. A service with one declared replica counts as replicated only if
    several of its containers are active.
    """
    found = of_service(containers, service)
    numbers = {final_name(c.name): labels.number_of(c.labels) for c in found}
    active = {final_name(c.name) for c in found if c.is_active}
    are_replicas = (
        service.declared_name is None
        and all(has_usual_name(project, service, c) for c in found)
        and len({*numbers.values()} - {0}) == len(numbers)
    )
    if service.replicas == 1 and (not are_replicas or len(active) < 2):
        return None
    return sorted({*range(1, service.replicas + 1), *(numbers.values() if are_replicas else ())})


def not_in_place(service: Service, containers: Iterable[Container]) -> list[Container]:
    """Return those containers whose final name differs from the service's `container_name`."""
    return [c for c in containers if final_name(c.name) != service.container_name]


def has_usual_name(project: str, service: Service, container: Container) -> bool:
    """Return whether the container's name is the declared one, or one that Compose generates.

    Accepts the names of every version of Compose.
    """
    name, separator = final_name(container.name), "[-_]"
    if service.declared_name is not None:
        return name == service.declared_name
    usual = f"{re.escape(project)}{separator}{re.escape(service.compose_name)}{separator}[0-9]+"
    return re.fullmatch(usual, name) is not None


def _adopted(
    project: str, service: Service, containers: Sequence[Container], separator: str
) -> Service:
    compose_name = service.compose_name
    usual = f"{project}{separator}{compose_name}{separator}{service.number}"
    name = service.declared_name or usual
    current = min(containers, key=lambda c: _rank(c, name), default=None)
    image = service.image
    if not service.declares_image:
        images = [f"{project}{each}{compose_name}" for each in (separator, "_", "-")]
        image = current.image_name if current and current.image_name in images else images[0]
    return replace(
        service, container_name=final_name(current.name) if current else name, image=image
    )


def _rank(container: Container, expected: str) -> tuple[bool, bool, int, str]:
    """Return a sort key: active containers first, then the expected name, then low numbers."""
    return (
        not container.is_active,
        final_name(container.name) != expected,
        labels.number_of(container.labels) or 1,
        container.name,
    )


def _separator(stack: Stack, containers: Sequence[Container]) -> str:
    unnamed = [name for name, s in stack.services.items() if s.declared_name is None]
    services = {stack.services[name].compose_name for name in unnamed}
    names = [final_name(c.name) for c in containers if c.service in services]
    return "_" if names and all(_has_underscores(stack.project, name) for name in names) else "-"


def _has_underscores(project: str, name: str) -> bool:
    return re.fullmatch(rf"{re.escape(project)}_.+_\d+(_\w+)?", name) is not None
