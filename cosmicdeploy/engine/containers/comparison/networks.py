"""Flatten declared networks and links, and those of a container, to the compose file's keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.creation.endpoints import (
    endpoint,
    link_texts,
    mac_address,
    only_mac_address,
)
from cosmicdeploy.stack.model import Service

Json = Mapping[str, Any]
Keys = dict[str, str]
_SHORT_ID = re.compile(r"[0-9a-f]{12}")
_MODES = ("none", "host", "bridge")


def declared_networks(service: Service) -> Keys:
    """Return the declared network mode, and the declared networks with their options, by key."""
    networks: Keys = {"network_mode": service.network_mode} if service.network_mode else {}
    for attachment in service.networks:
        # (99, 0) is newer than any version of the API, so no key is left out.
        body = endpoint(service, attachment, (99, 0))
        networks |= _network(attachment.network, body, _own_names(service))
    return networks


def present_networks(container: Json, service: Service) -> Keys:
    """Return the network mode and the networks that a container has, by key.

    `container` is from `GET /containers/{id}/json`. The aliases that every container has, such as
    its name, are left out.
    """
    mode = str(container["HostConfig"].get("NetworkMode") or "")
    has_mode = mode in _MODES or mode.startswith("container:") or bool(service.network_mode)
    networks: Keys = {"network_mode": mode} if has_mode else {}
    if only_mac_address(service) is None and container["Config"].get("MacAddress"):
        networks["mac_address"] = container["Config"]["MacAddress"]
    own = {*_own_names(service), container["Config"].get("Hostname", "")}
    declared = {each.network: each for each in service.networks}
    for name, actual in (container["NetworkSettings"].get("Networks") or {}).items():
        if has_mode and name in (mode, *_MODES):
            continue
        declared_mac = mac_address(service, declared[name]) if name in declared else None
        # If no MAC address is declared, the engine reports the one that it chose; that is no drift.
        # A stopped container has no MAC address, so it counts as having the declared one.
        actual_mac = declared_mac and (actual.get("MacAddress") or declared_mac)
        networks |= _network(name, {**actual, "MacAddress": actual_mac}, own)
    return networks


def declared_links(service: Service, project: str) -> Keys:
    """Return the declared links (alias → containers), without the aliases that Compose adds.

    The links of `service` must be resolved to containers (`creation/references.py`).
    """
    return _links(link_texts(service.links), service, project)


def present_links(container: Json, service: Service) -> Keys:
    """Return a container's links (alias → containers), without the aliases that Compose adds."""
    project = (container["Config"].get("Labels") or {}).get(labels.PROJECT, "")
    texts = [
        # The engine writes the links of its default network as "/target:/container/alias".
        f"{text.partition(':')[0].lstrip('/')}:{text.rpartition('/')[2]}"
        for text in container["HostConfig"].get("Links") or []
    ]
    for actual in (container["NetworkSettings"].get("Networks") or {}).values():
        texts += actual.get("Links") or []
    return _links(texts, service, project)


def _links(texts: Iterable[str], service: Service, project: str) -> Keys:
    names = "|".join(re.escape(link.service) for link in service.links if link.service)
    added = re.compile(rf"({re.escape(project)}[-_])?({names})[-_][0-9]+")
    found: dict[str, set[str]] = {}
    for text in texts:
        container, _, alias = text.rpartition(":")
        if alias != container and not (names and added.fullmatch(alias)):
            found.setdefault(f"links.{alias}", set()).add(container)
    return {alias: ", ".join(sorted(containers)) for alias, containers in found.items()}


def _own_names(service: Service) -> set[str]:
    """Return the names that every container of the service has as aliases in its networks."""
    return {service.compose_name, service.container_name, service.hostname or ""}


def _additional(aliases: Iterable[str], own: set[str]) -> list[str]:
    """Return the aliases without the container's own names and its short id."""
    return sorted({a for a in aliases if a not in own and not _SHORT_ID.fullmatch(a)})


def _network(name: str, body: Json, own: set[str]) -> Keys:
    key, addresses = f"networks.{name}", body.get("IPAMConfig") or {}
    values = {
        "aliases": ", ".join(_additional(body.get("Aliases") or (), own)),
        "ipv4_address": addresses.get("IPv4Address"),
        "ipv6_address": addresses.get("IPv6Address"),
        "link_local_ips": ", ".join(sorted(addresses.get("LinkLocalIPs") or ())),
        "mac_address": body.get("MacAddress"),
        "gw_priority": str(body.get("GwPriority") or ""),
        **{
            f"driver_opts.{option}": value
            for option, value in (body.get("DriverOpts") or {}).items()
        },
    }
    return {key: ""} | {f"{key}.{part}": str(value) for part, value in values.items() if value}
