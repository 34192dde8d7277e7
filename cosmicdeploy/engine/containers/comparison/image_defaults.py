"""Apply the image's defaults to a container's definition, as the engine does."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import normpath
from typing import Any

from cosmicdeploy.stack.model import Service

Json = dict[str, Any]


def with_defaults(body: Mapping[str, Any], image: Mapping[str, Any]) -> Json:
    """Return the `Config` that the engine gives to a container.

    `body` is the request that creates the container, and `image` is the `Config` of its image.
    """
    config = {**body, **_entrypoint_and_command(body, image)}
    for key in ("User", "WorkingDir", "StopSignal"):
        config[key] = body.get(key) or image.get(key)
    for key in ("Labels", "ExposedPorts"):
        config[key] = {**(image.get(key) or {}), **(body.get(key) or {})}
    config["Env"] = [*_inherited_variables(body, image), *(body.get("Env") or [])]
    config["Healthcheck"] = _healthcheck(body, image)
    return config


def _entrypoint_and_command(body: Mapping[str, Any], image: Mapping[str, Any]) -> Json:
    """Return the entrypoint and the command; a declared entrypoint discards the image's command."""
    entrypoint, command = body.get("Entrypoint"), body.get("Cmd")
    if not entrypoint and not command:
        command = image.get("Cmd")
    if entrypoint is None:
        entrypoint = image.get("Entrypoint")
    # [""] is the request for no entrypoint.
    return {"Entrypoint": [] if entrypoint == [""] else entrypoint, "Cmd": command}


def _inherited_variables(body: Mapping[str, Any], image: Mapping[str, Any]) -> list[str]:
    own = {pair.partition("=")[0] for pair in body.get("Env") or []}
    return [pair for pair in image.get("Env") or [] if pair.partition("=")[0] not in own]


def _healthcheck(body: Mapping[str, Any], image: Mapping[str, Any]) -> Json:
    own = {key: value for key, value in (body.get("Healthcheck") or {}).items() if value}
    return {**(image.get("Healthcheck") or {}), **own}


def image_volumes(image: Mapping[str, Any]) -> set[str]:
    """Return the targets of the volumes that an image declares, normalized: `/data/` → `/data`.

    `image` is the image's `Config`.
    """
    return {normpath(target) for target in image.get("Volumes") or {}}


def inherited_volumes(
    service: Service, image: Mapping[str, Any], volumes: Mapping[str, str]
) -> dict[str, str]:
    """Return the anonymous volumes that a new container takes over from its predecessor.

    `volumes` maps the targets of the predecessor's anonymous volumes to the names of the volumes.
    The result holds those whose target is a volume of the service or of the new image. `image` is
    the `Config` of the new image.
    """
    declared = {mount.target for mount in service.mounts if mount.type == "volume"}
    targets = declared | image_volumes(image)
    return {target: name for target, name in volumes.items() if target in targets}
