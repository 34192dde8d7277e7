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
from cosmicdeploy.stack.model import Mount

_TRAEFIK_HEALTH = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.healthcheck\.path")
_TRAEFIK_RULE = re.compile(r"traefik\.http\.routers\.[^.]+\.rule")
_TRAEFIK_TLS = re.compile(r"traefik\.http\.routers\.[^.]+\.tls(?:\..+)?")
_HOST = re.compile(r"Host\(\s*[`'\"]([\w.-]+)[`'\"]")
_CADDY_SITE = re.compile(r"caddy(?:_\d+)?")
_HOST_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """A place that shows that a service gets requests.

    `proxy` is the proxy's service; "" if it is outside of the stack or unknown. `kind` is "proxy"
    for HTTP, else another protocol, such as "fastcgi". `is_visible`: the deployer itself reads
    this directive before each run, so the settings need not repeat it. `has_default_port`: a
    missing port means port 80.
    """

    service: str
    proxy: str
    kind: str
    port: int | None
    evidence: str
    script: str = ""
    is_visible: bool = False
    has_default_port: bool = False


@dataclass(frozen=True, kw_only=True)
class Host:
    """The host name under which clients request a service; `is_tls`: over HTTPS."""

    name: str
    is_tls: bool


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


def host_by_labels(survey: Survey, name: str) -> Fact[Host] | None:
    """Return the host name by which a proxy recognizes requests to a service; None without one."""
    service = survey.services[name]
    labels = service.labels
    for key, value in labels.items():
        if _TRAEFIK_RULE.fullmatch(key) and (rule := _HOST.search(value)):
            is_tls = any(_TRAEFIK_TLS.fullmatch(each) for each in labels) or any(
                each.endswith(".entrypoints") and "secure" in labels[each] for each in labels
            )
            return _host(rule[1], is_tls, _place(survey, name, key))
        if _CADDY_SITE.fullmatch(key) and _HOST_NAME.fullmatch(value):
            return _host(value, True, _place(survey, name, key))
    virtual = service.environment.get("VIRTUAL_HOST", "").partition(",")[0]
    if _HOST_NAME.fullmatch(virtual):
        is_tls = "LETSENCRYPT_HOST" in service.environment
        return _host(virtual, is_tls, _place(survey, name, "VIRTUAL_HOST"))
    return None


def _host(name: str, is_tls: bool, evidence: str) -> Fact[Host]:
    return Fact(value=Host(name=name, is_tls=is_tls), evidence=evidence, mark="guess")


def _place(survey: Survey, name: str, key: str) -> str:
    if key in survey.services[name].labels:
        return survey.declared.pair_place(name, ("labels",), key)
    return survey.environment_place(name, key)
