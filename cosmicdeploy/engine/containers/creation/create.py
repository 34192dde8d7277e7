"""Create a container, connect it to its networks, and copy its files into it."""

from __future__ import annotations

from collections.abc import Mapping

from docker import APIClient

from cosmicdeploy.engine.containers.creation.copied_files import copy_files
from cosmicdeploy.engine.containers.creation.create_request import container_body
from cosmicdeploy.engine.containers.creation.endpoints import connected_later, endpoint
from cosmicdeploy.engine.containers.creation.newer_keys import require_known
from cosmicdeploy.engine.containers.creation.references import unresolved
from cosmicdeploy.engine.raw_requests import api_version, post
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Service


def create_container(
    api: APIClient,
    service: Service,
    *,
    name: str,
    image: str,
    labels: Mapping[str, str],
    volumes: Mapping[str, str],
) -> str:
    """Create a container without starting it; return the container's id.

    The service's references must be resolved (`references.py`). `volumes` maps mount targets to the
    anonymous volumes that the container inherits. Raises `Refused` for a key that this engine does
    not know, `EngineError` for a reference to a service without a container, and what the SDK
    raises.
    """
    version = api_version(api)
    require_known(service, version)
    if missing := unresolved(service):
        raise EngineError(
            f"{service.name} refers to services without a container: {', '.join(missing)}",
            where=service.name,
            todo="run `cosmicdeploy up`",
        )
    body = container_body(service, image, labels, volumes, version)
    created = str(api.create_container_from_config(body, name, service.platform)["Id"])
    for attachment in connected_later(service, version):
        body = {"Container": created, "EndpointConfig": endpoint(service, attachment, version)}
        post(api, f"/networks/{attachment.network}/connect", body)
    copy_files(api, created, service.copied_files)
    return created
