"""Recognize where clients reach an application, if that is not the proxy's published port."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText
from cosmicdeploy.adoption.recognition.roles.applications import Group
from cosmicdeploy.adoption.recognition.roles.labels import Host, host_by_labels

HTTP, HTTPS = 80, 443
_NAME = r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"
_REDIRECT = re.compile(r"\breturn\s+30[1278]\s+https://", re.IGNORECASE)
_SERVER_NAME = re.compile(rf"\bserver_name\s+({_NAME})[\s;]", re.IGNORECASE)
# A site of a Caddyfile; Caddy serves a name over HTTPS, and redirects HTTP to it.
_SITE = re.compile(rf"^(?P<plain>http://)?({_NAME})(?::\d+)?\s*(?:,[^{{\n]*)?\{{", re.MULTILINE)


@dataclass(frozen=True)
class Published:
    """The host's ports that lead to a service's ports for HTTP and HTTPS; None if there is none."""

    http: int | None
    https: int | None


def base_url(
    survey: Survey, group: Group, proxy: str, texts: Sequence[SearchedText]
) -> Fact[str] | None:
    """Return the base URL at which clients reach an application.

    `proxy` is the proxy in front of it, "" for none, and `texts` configure it. None means that the
    deployer finds the address itself, or that no file shows one.
    """
    host = _host(survey, group, proxy, texts)
    if host is None:
        return None
    # In front of a proxy without a published port is another one, probably at the usual ports.
    is_front = proxy and survey.services[proxy].ports
    ports = published_ports(survey, proxy) if is_front else Published(HTTP, HTTPS)
    is_tls = host.value.is_tls or ports.http is None
    port = ports.https if is_tls else ports.http
    scheme, usual = ("https", HTTPS) if is_tls else ("http", HTTP)
    colon = "" if port in (None, usual) else f":{port}"
    evidence = f"{host.evidence}; this name has to lead to the stack"
    return Fact(value=f"{scheme}://{host.value.name}{colon}", evidence=evidence, mark="guess")


def has_plain_address(survey: Survey, proxy: str) -> bool:
    """Return whether the deployer can reach the proxy at a published port over plain HTTP."""
    ports = [port.target for port in survey.services[proxy].ports if port.protocol == "tcp"]
    return bool(ports) and ports[0] != HTTPS


def published_ports(survey: Survey, name: str) -> Published:
    """Return the ports of the host at which clients reach a service."""
    found: dict[int, int] = {}
    for port in survey.services[name].ports:
        if port.protocol == "tcp" and port.published is not None:
            found.setdefault(port.target, port.published)
    others = [port for target, port in found.items() if target != HTTPS]
    return Published(found.get(HTTP, next(iter(others), None)), found.get(HTTPS))


def _host(
    survey: Survey, group: Group, proxy: str, texts: Sequence[SearchedText]
) -> Fact[Host] | None:
    """Return the name that requests need, if the published port alone does not do."""
    names = (*group.services, proxy) if proxy else group.services
    by_labels = [fact for name in names if (fact := host_by_labels(survey, name))]
    if by_labels:
        return by_labels[0]
    if not proxy:
        return None
    needs_tls = not has_plain_address(survey, proxy)
    return next(_hosts_of_texts(texts, needs_tls=needs_tls), None)


def _hosts_of_texts(texts: Sequence[SearchedText], *, needs_tls: bool) -> Iterator[Fact[Host]]:
    for text in texts:
        for site in text.matches(_SITE):
            host = Host(name=site[2], is_tls=not site["plain"])
            yield Fact(value=host, evidence=text.place(site.start(2)), mark="guess")
        redirect = next(text.matches(_REDIRECT), None)
        if redirect or needs_tls:
            for name in text.matches(_SERVER_NAME):
                host = Host(name=name[1], is_tls=True)
                place = text.place(redirect.start() if redirect else name.start())
                yield Fact(value=host, evidence=place, mark="guess")
