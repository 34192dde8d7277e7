"""Traefik's configuration as the stack's files have it, before any container runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cosmicdeploy.proxy.declared.mounted import Location, MountedFile, mounted_files
from cosmicdeploy.proxy.declared.passes import DeclaredPass, Switch
from cosmicdeploy.proxy.traefik.api import host_and_port
from cosmicdeploy.proxy.traefik.hosts import has_tls, hosts_of, need_host, rules_of
from cosmicdeploy.proxy.traefik.labels import is_enabled
from cosmicdeploy.proxy.traefik.options import FILES, Options, named_file, options_of, parsed
from cosmicdeploy.stack.model import Service
from cosmicdeploy.text.numbers import port_number

LOCATION = Location(folder="/etc/traefik", suffixes=(".toml", ".yaml", ".yml"))
ROUTING = re.compile(r"traefik\.(?:enable|http\.(?:routers|services)\..+)")
PORT = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port")


class DeclaredTraefik:
    """The `DeclaredKind` Traefik."""

    name = "Traefik"
    program = "traefik"
    image_words = frozenset({"traefik"})
    # Traefik takes the port that the container's image exposes.
    default_port = None
    follows_container_health = True

    def files(self, service: Service) -> list[MountedFile]:
        named = [path for path in (named_file(_arguments(service)),) if path]
        return list(mounted_files(service, LOCATION, named))

    def passes_in(self, texts: Mapping[str, str]) -> list[tuple[str, DeclaredPass]]:
        """Return the servers of the file provider; those of labels are in `pass_of`."""
        return [found for file, text in texts.items() for found in _servers(file, text)]

    def pass_of(self, service: Service) -> DeclaredPass | None:
        labels = service.labels
        keys = [key for key in labels if ROUTING.fullmatch(key)]
        if not keys or not is_enabled(labels):
            return None
        port = next((key for key in keys if PORT.fullmatch(key)), "")
        rules = rules_of(labels)
        return DeclaredPass(
            product=self.name,
            kind="proxy",
            directive=port or keys[0],
            place=port or keys[0],
            port=port_number(labels.get(port, "")),
            hosts=hosts_of(rules, is_tls=has_tls(labels)),
            needs_host=need_host(rules.values()),
        )

    def switches_in(self, text: str) -> list[Switch]:
        return []  # Traefik cannot look for a file on a request


def declared_options(service: Service) -> Options:
    """Return the static configuration that the compose file gives Traefik."""
    arguments = _arguments(service)
    files = {each.target: each.text for each in DeclaredTraefik().files(service)}
    path = named_file(arguments) or next((each for each in FILES if each in files), "")
    return options_of(arguments, service.environment, path, files.get(path, ""))


def _arguments(service: Service) -> tuple[str, ...]:
    return (*(service.entrypoint or ()), *(service.command or ()))


def _servers(file: str, text: str) -> Iterator[tuple[str, DeclaredPass]]:
    content = parsed(file, text)
    http = content.get("http") if isinstance(content, dict) else None
    services = http.get("services") if isinstance(http, dict) else None
    for name, url in _urls(services):
        host, port = host_and_port(url)
        routers = _routers(http, name)
        rules = {_place(file, text, rule): rule for rule in routers}
        yield (
            host,
            DeclaredPass(
                product=DeclaredTraefik.name,
                kind="proxy",
                directive="url",
                place=_place(file, text, url),
                port=port or (443 if url.startswith("https:") else 80),
                hosts=hosts_of(rules, is_tls=any(routers.values())),
                needs_host=need_host(routers),
            ),
        )


def _place(file: str, text: str, word: str) -> str:
    """Return where a file has a word; its first line if it has it in other characters."""
    return f"{file}:{text.count(chr(10), 0, max(text.find(word), 0)) + 1}"


def _routers(http: Any, service: str) -> Mapping[str, bool]:
    """Return the rules by which a file sends requests to a service, and whether over HTTPS."""
    routers = http.get("routers") if isinstance(http, dict) else None
    own = [
        each
        for each in (routers.values() if isinstance(routers, dict) else ())
        if isinstance(each, dict) and each.get("service") in (service, f"{service}@file")
    ]
    return {str(each.get("rule", "")): "tls" in each for each in own}


def _urls(services: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of each service with the URL of each of its servers."""
    for name, service in services.items() if isinstance(services, dict) else ():
        balancer = service.get("loadBalancer") if isinstance(service, dict) else None
        servers = balancer.get("servers") if isinstance(balancer, dict) else None
        for server in servers if isinstance(servers, list) else ():
            if isinstance(server, dict) and isinstance(server.get("url"), str):
                yield str(name), server["url"]
