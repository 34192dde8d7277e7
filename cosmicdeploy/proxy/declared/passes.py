"""Requests that a load balancer passes to a service, as the stack's files declare it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosmicdeploy.stack.model import Service


@dataclass(frozen=True, kw_only=True)
class DeclaredHost:
    """A host name by which a load balancer recognizes requests to a service.

    `place` is as in `DeclaredPass`. `is_tls`: such requests come over HTTPS.
    """

    name: str
    place: str
    is_tls: bool = False


@dataclass(frozen=True, kw_only=True)
class DeclaredPass:
    """A directive, label or variable that passes requests to a service.

    `product` is the load balancer's name. `kind` is "proxy" for HTTP, "fastcgi", or another
    protocol. `directive` is the directive's name, and `place` is "file:line"; for a label or a
    variable `place` is its name. `port` is None if nothing names one. `script` is the path of the
    PHP script that answers requests; "" if it is unknown. `hosts` are the names by which requests
    are recognized, as far as that is known. `needs_host`: without one of them, no request gets to
    the service.
    """

    product: str
    kind: str
    directive: str
    place: str
    port: int | None = None
    script: str = ""
    hosts: tuple[DeclaredHost, ...] = ()
    needs_host: bool = False


@dataclass(frozen=True, kw_only=True)
class Switch:
    """A file that changes what the load balancer does with requests while the file exists.

    `service` is the replica that then gets no request; "" if clients get a 503. `line` is where the
    configuration names the file.
    """

    file: str
    line: int
    service: str = ""


def names_of(service: Service) -> set[str]:
    """Return the names by which other containers reach those of a service."""
    aliases = (alias for network in service.networks for alias in network.aliases)
    return {service.compose_name, service.container_name, *aliases}


def passes_to(service: Service, declared: Iterable[tuple[str, DeclaredPass]]) -> list[DeclaredPass]:
    """Return those of the directives that pass requests to a service; each has its host.

    Empty if no directive names the service, or if directives name it only by variables that the
    load balancer alone can resolve.
    """
    names = names_of(service)
    return [each for host, each in declared if host in names]
