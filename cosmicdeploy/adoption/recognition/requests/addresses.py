"""Recognize where clients reach an application, if that is not the proxy's published port."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText
from cosmicdeploy.adoption.recognition.roles.applications import Group
from cosmicdeploy.adoption.recognition.roles.labels import first_host, host_by_labels
from cosmicdeploy.engine.containers.reachable import EVERY_ADDRESS
from cosmicdeploy.proxy.declared.passes import DeclaredHost
from cosmicdeploy.text.host_names import is_host_name

HTTP, HTTPS, LOCALHOST = 80, 443, "127.0.0.1"
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


@dataclass(frozen=True)
class Address:
    """Where clients reach an application, if that is not the proxy's published port alone.

    `url` has the name that clients use, and works only if this name leads to the stack. If the
    stack publishes the port, requests need no name server: `host` is the name that they carry, and
    `local` the URL of the port on this machine, None if the deployer finds it itself. If the port
    may be another machine's, `host` and `local` are None.
    """

    url: Fact[str]
    host: Fact[str] | None = None
    local: Fact[str] | None = None


def address_of(
    survey: Survey, group: Group, proxy: str, texts: Sequence[SearchedText]
) -> Address | None:
    """Return where clients reach an application.

    `proxy` is the proxy in front of it, "" for none, and `texts` configure it. None means that the
    deployer finds the address itself, or that no file shows one.
    """
    host = _host(survey, group, proxy, texts)
    if host is None or not is_host_name(host.value.name):
        return None
    # A proxy without a published port is behind another one, which probably has the usual ports.
    is_front = bool(proxy and survey.services[proxy].ports)
    ports = published_ports(survey, proxy) if is_front else Published(HTTP, HTTPS)
    is_plain = ports.http is not None or (is_front and has_plain_address(survey, proxy))
    is_tls = host.value.is_tls or not is_plain
    port = ports.https if is_tls else ports.http
    evidence = f"{host.evidence}; this name has to lead to the stack"
    url = Fact(value=_url(host.value.name, port, is_tls), evidence=evidence, mark="guess")
    if not is_front or (is_tls and port is None):
        return Address(url)
    name = Fact(value=host.value.name, evidence=host.evidence, mark=host.mark)
    return Address(url, name, _local(survey, proxy, port, is_tls))


def _url(host: str, port: int | None, is_tls: bool) -> str:
    scheme, usual = ("https", HTTPS) if is_tls else ("http", HTTP)
    return f"{scheme}://{host}" + ("" if port in (None, usual) else f":{port}")


def _local(survey: Survey, proxy: str, port: int | None, is_tls: bool) -> Fact[str] | None:
    """Return the URL of a published port; None if the deployer uses it by default."""
    ports = survey.services[proxy].ports
    if not is_tls and ports[0].published == port:
        return None
    address = next(each.host_ip for each in ports if each.published == port)
    host = LOCALHOST if address in EVERY_ADDRESS else address
    needed = ", whose certificate has to be for probe.host" if is_tls else ""
    evidence = f"{survey.place(proxy, 'ports')}{needed}"
    url = _url(f"[{host}]" if ":" in host else host, port, is_tls)
    return Fact(value=url, evidence=evidence, mark="guess" if is_tls else "")


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
) -> Fact[DeclaredHost] | None:
    """Return the host name that requests need; None if the published port is enough."""
    names = (*group.services, proxy) if proxy else group.services
    by_labels = [fact for name in names if (fact := host_by_labels(survey, name))]
    if by_labels:
        return by_labels[0]
    if not proxy:
        return None
    passes = [each.hosts for each in group.passes if each.proxy == proxy]
    if passes and all(passes):
        hosts = [host for each in passes for host in each]
        return first_host(hosts, hosts[0].place)
    needs_tls = not has_plain_address(survey, proxy)
    return next(_hosts_of_texts(texts, needs_tls=needs_tls), None)


def _hosts_of_texts(
    texts: Sequence[SearchedText], *, needs_tls: bool
) -> Iterator[Fact[DeclaredHost]]:
    for text in texts:
        for site in text.matches(_SITE):
            place = text.place(site.start(2))
            host = DeclaredHost(name=site[2], place=place, is_tls=not site["plain"])
            yield Fact(value=host, evidence=place, mark="guess")
        redirect = next(text.matches(_REDIRECT), None)
        if redirect or needs_tls:
            for name in text.matches(_SERVER_NAME):
                place = text.place(redirect.start() if redirect else name.start())
                host = DeclaredHost(name=name[1], place=place, is_tls=True)
                yield Fact(value=host, evidence=place, mark="guess")
