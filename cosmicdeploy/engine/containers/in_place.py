"""Find each service's container in place by its labels, whatever its name.

docker-compose 1.29 names containers `project_service_1`, v2 `project-service-1`; `docker rename`
and `docker run` give any other name. A container that an interrupted run left under a temporary
name counts under its final name.
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

    A service without a container gets a name like the others: with underscores if they have them.
    An image that the file does not name gets its name in the same way.
    """
    all_containers = list(containers)
    separator = _separator(stack, all_containers)
    services = {
        name: _adopted(stack.project, service, of_service(all_containers, name), separator)
        for name, service in stack.services.items()
    }
    return replace(stack, services=services)


def of_service(containers: Iterable[Container], service: str) -> list[Container]:
    """Return a service's containers, also stopped ones and those with a temporary name."""
    return [c for c in containers if c.service == service and labels.MARKER not in c.labels]


def not_in_place(service: Service, containers: Iterable[Container]) -> list[Container]:
    """Return the containers whose final name is not that of the service's container in place."""
    return [c for c in containers if final_name(c.name) != service.container_name]


def has_usual_name(project: str, service: Service, container: Container) -> bool:
    """Return whether the file, or any version of Compose, would give the container its name."""
    name, separator = final_name(container.name), "[-_]"
    if service.declared_name is not None:
        return name == service.declared_name
    usual = f"{re.escape(project)}{separator}{re.escape(service.name)}{separator}[0-9]+"
    return re.fullmatch(usual, name) is not None


def _adopted(
    project: str, service: Service, containers: Sequence[Container], separator: str
) -> Service:
    name = service.declared_name or f"{project}{separator}{service.name}{separator}1"
    current = min(containers, key=lambda c: _rank(c, name), default=None)
    image = service.image
    if not service.declares_image:
        images = [f"{project}{each}{service.name}" for each in (separator, "_", "-")]
        image = current.image_name if current and current.image_name in images else images[0]
    return replace(
        service, container_name=final_name(current.name) if current else name, image=image
    )


def _rank(container: Container, expected: str) -> tuple[bool, bool, int, str]:
    """Return a sort key: active containers first, then the expected name, then the number."""
    number = container.labels.get(labels.NUMBER, "")
    return (
        not container.is_active,
        final_name(container.name) != expected,
        int(number) if number.isdecimal() else 1,
        container.name,
    )


def _separator(stack: Stack, containers: Sequence[Container]) -> str:
    unnamed = [name for name, s in stack.services.items() if s.declared_name is None]
    names = [final_name(c.name) for c in containers if c.service in unnamed]
    return "_" if names and all(_has_underscores(stack.project, name) for name in names) else "-"


def _has_underscores(project: str, name: str) -> bool:
    return re.fullmatch(rf"{re.escape(project)}_.+_\d+(_\w+)?", name) is not None
