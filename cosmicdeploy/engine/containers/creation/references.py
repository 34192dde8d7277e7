"""Replace a service's references to other services and containers by container ids and names.

The engine's API accepts only ids and names of containers. As with Compose, the references are
replaced when a container is created, so the container refers to the containers that were in place
at that time, even after those are replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from cosmicdeploy.engine.containers.names import final_name
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.stack.model import Link, Service

CONTAINER, SERVICE = "container:", "service:"
SHARED = ("network_mode", "ipc", "pid")
_HOST_KEYS = ("NetworkMode", "IpcMode", "PidMode")
# Returns the id of a container by its name or id; None if the container does not exist.
FindId = Callable[[str], str | None]


def refers_to_others(service: Service) -> bool:
    """Return whether the definition refers to other services or containers."""
    modes = [getattr(service, key) or "" for key in SHARED]
    return bool(service.links or service.volumes_from) or any(
        mode.startswith((CONTAINER, SERVICE)) for mode in modes
    )


def refers(container: Mapping[str, Any]) -> bool:
    """Return whether an inspected container shares namespaces or volumes with other containers."""
    host = container["HostConfig"]
    modes = [str(host.get(key) or "") for key in _HOST_KEYS]
    return bool(host.get("VolumesFrom")) or any(mode.startswith(CONTAINER) for mode in modes)


def referred_services(service: Service) -> set[str]:
    """Return the services whose namespaces or volumes the definition shares.

    The service's container refers to the containers of those services by id. So if one of those
    services gets a new container, this service needs a new container too.
    """
    modes = [getattr(service, key) or "" for key in SHARED]
    shared = {mode.removeprefix(SERVICE) for mode in modes if mode.startswith(SERVICE)}
    sources = {
        text.partition(":")[0] for text in service.volumes_from if not text.startswith(CONTAINER)
    }
    return shared | sources


def with_references(
    service: Service, project: str, containers: Iterable[Container], find_id: FindId
) -> Service:
    """Return the service with its references replaced by container ids and names.

    `containers` are all containers of the project. A reference to a service without a container
    stays as it is.
    """
    all_containers = sorted(containers, key=lambda container: container.name)
    in_place = _in_place(all_containers)

    def resolved_mode(text: str | None) -> str | None:
        if text is None or not text.startswith((CONTAINER, SERVICE)):
            return text
        kind, _, name = text.partition(":")
        found = _id_in_place(in_place, name) if kind == "service" else find_id(name)
        return f"{CONTAINER}{found}" if found else text

    return replace(
        service,
        network_mode=resolved_mode(service.network_mode),
        ipc=resolved_mode(service.ipc),
        pid=resolved_mode(service.pid),
        volumes_from=tuple(_source(text, in_place, find_id) for text in service.volumes_from),
        links=tuple(
            resolved
            for link in service.links
            for resolved in _links(link, service.number, project, all_containers)
        ),
    )


def unresolved(service: Service) -> list[str]:
    """Return the services without a container, to which `with_references` left a reference."""
    linked = {link.service for link in service.links if not link.container}
    return sorted(referred_services(service) | linked)


def _in_place(containers: Iterable[Container]) -> dict[str, Container]:
    """Return each service's container in place.

    Prefers a container whose name has no temporary suffix, then an active one, then the first by
    name.
    """
    found: dict[str, Container] = {}
    for container in containers:
        current = found.get(container.service)
        if current is None or _rank(container) < _rank(current):
            found[container.service] = container
    return found


def _rank(container: Container) -> tuple[bool, bool, str]:
    return final_name(container.name) != container.name, not container.is_active, container.name


def _id_in_place(in_place: Mapping[str, Container], service: str) -> str | None:
    container = in_place.get(service)
    return container.id if container else None


def _source(text: str, in_place: dict[str, Container], find_id: FindId) -> str:
    """Return "container:<id>" or "container:<id>:ro"; `text` itself if no container exists."""
    is_service = not text.startswith(CONTAINER)
    name, _, mode = text.removeprefix(CONTAINER).partition(":")
    found = _id_in_place(in_place, name) if is_service else find_id(name)
    if not found:
        return text
    return f"{CONTAINER}{found}:ro" if mode == "ro" else f"{CONTAINER}{found}"


def _links(link: Link, number: int, project: str, containers: Iterable[Container]) -> list[Link]:
    """Return a link for each container of the linked service and each alias.

    The aliases are the declared one and the two that Compose adds. If the linked service has no
    container, returns the link itself.
    """
    added = (f"{link.service}-{number}", f"{project}-{link.service}-{number}")
    names = [
        each.name
        for each in containers
        if link.service and each.service == link.service and final_name(each.name) == each.name
    ]
    resolved = [
        replace(link, alias=alias, container=name)
        for name in names
        for alias in (link.alias, *added)
    ]
    return resolved or [link]


def with_ids(container: Mapping[str, Any], find_id: FindId) -> dict[str, Any]:
    """Return an inspected container with the names of other containers replaced by ids.

    The name of a container that no longer exists stays as it is.
    """
    host = dict(container["HostConfig"])
    for key in _HOST_KEYS:
        text = host.get(key) or ""
        if text.startswith(CONTAINER):
            name = text.removeprefix(CONTAINER)
            host[key] = f"{CONTAINER}{find_id(name) or name}"
    host["VolumesFrom"] = [_source_by_id(text, find_id) for text in host.get("VolumesFrom") or []]
    return {**container, "HostConfig": host}


def _source_by_id(text: str, find_id: FindId) -> str:
    name, _, mode = text.partition(":")
    source = find_id(name) or name
    return f"{source}:ro" if mode == "ro" else source
