"""Traefik's API: which containers get requests, by address."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.admin.http import get
from cosmicdeploy.proxy.traefik.process import Traefik

# More than one stack has: the API answers with pages of 100 services by default.
PAGE = "?per_page=10000"
KINDS = ("http", "tcp")


@dataclass(frozen=True, kw_only=True)
class RoutedService:
    """A service of Traefik; `up` and `down` are the addresses of its servers.

    `routers` are the names of the routers that use the service.
    """

    name: str
    up: frozenset[str]
    down: frozenset[str] = frozenset()
    routers: tuple[str, ...] = ()


def read_services(ctx: Context, traefik: Traefik) -> Sequence[RoutedService] | None:
    """Return Traefik's services that have servers; None if its API does not answer."""
    found: list[RoutedService] = []
    for kind in KINDS:
        host, port = traefik.api
        text = get(ctx, traefik.container, host, port, f"/api/{kind}/services{PAGE}")
        listed = _list(text)
        if listed is None and kind == KINDS[0]:
            return None
        found += map(_service, listed or ())
    return [each for each in found if each.up or each.down]


def using(services: Sequence[RoutedService], addresses: Collection[str]) -> list[RoutedService]:
    """Return the services that send requests to one of these addresses."""
    return [each for each in services if each.up & set(addresses)]


def _list(text: str | None) -> list[Mapping[str, Any]] | None:
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list):
        return None
    return [each for each in found if isinstance(each, dict)]


def _service(entry: Mapping[str, Any]) -> RoutedService:
    # Only a service with a health check of its own in Traefik has servers that are down.
    status = entry.get("serverStatus")
    states = status if isinstance(status, dict) else {}
    servers = dict.fromkeys(_servers(entry)) | states
    down = {_host(url) for url, state in servers.items() if state == "DOWN"}
    used_by = entry.get("usedBy")
    return RoutedService(
        name=str(entry.get("name", "")),
        up=frozenset(_host(url) for url in servers) - down,
        down=frozenset(down),
        routers=tuple(map(str, used_by)) if isinstance(used_by, list) else (),
    )


def _servers(entry: Mapping[str, Any]) -> Iterator[str]:
    balancer = entry.get("loadBalancer")
    servers = balancer.get("servers") if isinstance(balancer, dict) else None
    for server in servers if isinstance(servers, list) else ():
        if isinstance(server, dict):
            yield str(server.get("url") or server.get("address") or "")


def host_and_port(url: str) -> tuple[str, int | None]:
    """Return the host and the port of a server's URL or address; "" and None for unknown ones."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None


def _host(url: str) -> str:
    return host_and_port(url)[0]
