"""Return mounts and networks under the compose file's keys, as declared and as they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from posixpath import normpath
from typing import Any

from cosmicdeploy.engine.containers.image_defaults import image_volumes
from cosmicdeploy.engine.parsing import ANONYMOUS
from cosmicdeploy.stack.model import Service

Json = Mapping[str, Any]
Keys = dict[str, str]
ANONYMOUS_VOLUME = "anonymous volume"
_SHORT_ID = re.compile(r"[0-9a-f]{12}")


def declared_mounts(service: Service, image: Json) -> Keys:
    """Return the declared mounts and the image's volumes; `image` is the image's `Config`."""
    mounts = dict.fromkeys(image_volumes(image), ANONYMOUS_VOLUME)
    for mount in service.mounts:
        mounts[mount.target] = _mount(mount.type, mount.source, read_only=mount.read_only)
    return {f"mounts.{target}": text for target, text in mounts.items()}


def present_mounts(container: Json) -> Keys:
    """Return a container's mounts; `container` is from `GET /containers/{id}/json`."""
    tmpfs = container["HostConfig"].get("Tmpfs") or {}
    mounts = {
        normpath(target): _mount("tmpfs", "", read_only="ro" in options.split(","))
        for target, options in tmpfs.items()
    }
    for mount in container.get("Mounts") or []:
        if mount["Destination"] in mounts:
            continue  # the tmpfs hides this volume of the image
        is_volume = mount["Type"] == "volume"
        source = mount.get("Name" if is_volume else "Source") or ""
        if is_volume and ANONYMOUS.fullmatch(source):
            source = ""
        text = _mount(mount["Type"], source, read_only=not mount["RW"])
        mounts[mount["Destination"]] = text
    return {f"mounts.{target}": text for target, text in mounts.items()}


def _mount(kind: str, source: str, *, read_only: bool) -> str:
    if kind == "volume" and not source:
        return ANONYMOUS_VOLUME
    # Compose may have resolved a symbolic link.
    what = os.path.realpath(source) if kind == "bind" else f"{kind} {source}".strip()
    return f"{what} (read-only)" if read_only else what


def declared_networks(service: Service) -> Keys:
    """Return the declared networks, with fixed addresses and additional aliases."""
    networks: Keys = {}
    for attachment in service.networks:
        aliases = _additional(attachment.aliases, _own_names(service))
        networks |= _network(attachment.network, attachment.ipv4_address, aliases)
    return networks


def present_networks(container: Json, service: Service) -> Keys:
    """Return a container's networks, without the aliases that every container has.

    `container` is from `GET /containers/{id}/json`.
    """
    own = {*_own_names(service), container["Config"].get("Hostname", "")}
    networks: Keys = {}
    for name, endpoint in (container["NetworkSettings"].get("Networks") or {}).items():
        address = (endpoint.get("IPAMConfig") or {}).get("IPv4Address")
        networks |= _network(name, address, _additional(endpoint.get("Aliases") or (), own))
    return networks


def _own_names(service: Service) -> set[str]:
    return {service.compose_name, service.container_name, service.hostname or ""}


def _additional(aliases: Iterable[str], own: set[str]) -> list[str]:
    return sorted({a for a in aliases if a not in own and not _SHORT_ID.fullmatch(a)})


def _network(name: str, address: str | None, aliases: list[str]) -> Keys:
    key = f"networks.{name}"
    network = {key: ""}
    if address:
        network[f"{key}.ipv4_address"] = address
    if aliases:
        network[f"{key}.aliases"] = ", ".join(aliases)
    return network
