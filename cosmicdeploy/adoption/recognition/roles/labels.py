"""Recognize what labels and variables of a service say to a proxy that reads them: ports, hosts.

Traefik, caddy-docker-proxy and nginx-proxy find their services in this way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.proxy.declared.kinds import KINDS
from cosmicdeploy.proxy.declared.passes import DeclaredHost
from cosmicdeploy.stack.model import Mount

_TRAEFIK_HEALTH = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.healthcheck\.path")


@dataclass(frozen=True, kw_only=True)
class Pass:
    """A place that shows that a service gets requests.

    `proxy` is the proxy's service; "" if it is outside of the stack or unknown. `kind` is "proxy"
    for HTTP, else another protocol, such as "fastcgi". `is_visible`: the deployer itself reads
    this directive before each run, so the settings need not repeat it. `has_default_port`: a
    missing port means port 80. Requests have to carry one of the names `hosts`, if there are any.
    """

    service: str
    proxy: str
    kind: str
    port: int | None
    evidence: str
    script: str = ""
    is_visible: bool = False
    has_default_port: bool = False
    hosts: tuple[DeclaredHost, ...] = ()


def passes_by_labels(survey: Survey, proxies: Mapping[str, str], name: str) -> Iterator[Pass]:
    """Yield what shows that a proxy passes requests to a service.

    `proxies` maps the services that may be proxies to their products.
    """
    service = survey.services[name]
    for found in filter(None, (kind.pass_of(service) for kind in KINDS)):
        own = [proxy for proxy, product in proxies.items() if product == found.product]
        yield Pass(
            service=name,
            proxy=_reader(survey, own, name),
            kind=found.kind,
            port=found.port,
            evidence=_place(survey, name, found.place),
        )


def _reader(survey: Survey, proxies: Sequence[str], name: str) -> str:
    """Return the proxy that reads the labels and variables of a service; "" if none does.

    It is preferably one that gets the engine's socket. A service does not read its own.
    """
    others = [each for each in proxies if each != name]
    reading = [each for each in others if any(map(_is_socket, survey.services[each].mounts))]
    return next(iter((*reading, *others)), "")


def _is_socket(mount: Mount) -> bool:
    return mount.source.endswith("/docker.sock")


def health_path_by_labels(survey: Survey, name: str) -> Fact[str] | None:
    """Return the path that Traefik checks, with its query; None without one."""
    labels = survey.services[name].labels
    key = next((key for key in labels if _TRAEFIK_HEALTH.fullmatch(key)), "")
    if not key:
        return None
    return Fact(value=labels[key], evidence=f"{_place(survey, name, key)}, Traefik's health check")


def host_by_labels(survey: Survey, name: str) -> Fact[DeclaredHost] | None:
    """Return the host name by which a proxy recognizes requests to a service; None without one."""
    declared = filter(None, (kind.pass_of(survey.services[name]) for kind in KINDS))
    hosts = [host for each in declared for host in each.hosts]
    return first_host(hosts, _place(survey, name, hosts[0].place)) if hosts else None


def first_host(hosts: Sequence[DeclaredHost], evidence: str) -> Fact[DeclaredHost]:
    """Return the first of these host names, as a guess if there are several."""
    names = {host.name for host in hosts}
    return Fact(value=hosts[0], evidence=evidence, mark="guess" if len(names) > 1 else "")


def _place(survey: Survey, name: str, key: str) -> str:
    if key in survey.services[name].labels:
        return survey.declared.pair_place(name, ("labels",), key)
    return survey.environment_place(name, key)
