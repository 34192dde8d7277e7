"""Caddy's configuration as the stack's files have it, before any container runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from posixpath import basename

from cosmicdeploy.proxy.caddy.adapted import Json, adapted, sites
from cosmicdeploy.proxy.caddy.addresses import hosts_of
from cosmicdeploy.proxy.caddy.caddyfile import parse
from cosmicdeploy.proxy.caddy.routes import (
    Handled,
    ReverseProxy,
    conditional_handlers,
    host_of,
    reverse_proxies,
)
from cosmicdeploy.proxy.declared.directives import Directive
from cosmicdeploy.proxy.declared.mounted import Location, MountedFile, filled, mounted_files
from cosmicdeploy.proxy.declared.passes import DeclaredHost, DeclaredPass, Switch
from cosmicdeploy.stack.model import Service
from cosmicdeploy.text.numbers import port_number

LOCATION = Location(folder="/etc/caddy", suffixes=("",))
# Labels of the plugin for Docker: `caddy: shop.example` and
# `caddy.reverse_proxy: "{{upstreams 8000}}"`.
SITE_LABEL = re.compile(r"caddy(?:_\d+)?")
PASS_LABEL = re.compile(r"caddy(?:_\d+)?(?:\.[\w.]+)?\.(?:\d+_)?reverse_proxy")
# The script of most PHP applications, which `php_fastcgi` names by default.
FRONT_CONTROLLER = "/index.php"
UPSTREAMS = re.compile(r"\{\{\s*upstreams(?:\s+https?)?\s+(\d+)\s*\}\}")


class DeclaredCaddy:
    """The `DeclaredKind` Caddy; of its configurations, only Caddyfiles are read."""

    name = "Caddy"
    program = "caddy"
    image_words = frozenset({"caddy"})
    default_port = 80
    follows_container_health = False

    def files(self, service: Service) -> list[MountedFile]:
        words = (*(service.entrypoint or ()), *(service.command or ()))
        named = [after for word, after in pairwise(words) if word in ("--config", "-c")]
        place = Location(folder=named[0], suffixes=("",)) if named else LOCATION
        return list(mounted_files(service, place, named))

    def passes_in(self, texts: Mapping[str, str]) -> list[tuple[str, DeclaredPass]]:
        return [
            (host_of(upstream), _declared(each, upstream, _hosts_of_site(site[0])))
            for file, text in texts.items()
            for site in sites(parse(text, file))
            for each in reverse_proxies(adapted(site))
            for upstream in each.upstreams
        ]

    def pass_of(self, service: Service) -> DeclaredPass | None:
        label = next((key for key in service.labels if PASS_LABEL.fullmatch(key)), "")
        if not label:
            return None
        found, hosts = UPSTREAMS.search(service.labels[label]), _hosts_of_labels(service.labels)
        return DeclaredPass(
            product=self.name,
            kind="proxy",
            directive=label,
            place=label,
            port=port_number(found[1]) if found else None,
            hosts=hosts,
            needs_host=bool(hosts),
        )

    def switches_in(self, text: str) -> list[Switch]:
        found = [_switch(each) for each in conditional_handlers(adapted(parse(text)))]
        switches = [each for each in found if each is not None]
        # A file for which clients get a 503 is no replica's flag file.
        turning_away = {each.file for each in switches if not each.service}
        return [each for each in switches if not (each.service and each.file in turning_away)]


def declared_configuration(service: Service) -> Json | None:
    """Return the configuration in the Caddyfile that is mounted into Caddy; None without one."""
    files = DeclaredCaddy().files(service)
    if not files:
        return None
    main = next((each for each in files if basename(each.target) == "Caddyfile"), files[0])
    return adapted(parse(filled(main.text, service.environment), main.target))


def _hosts_of_labels(labels: Mapping[str, str]) -> tuple[DeclaredHost, ...]:
    """Return the host names in labels such as `caddy: shop.example`.

    Empty if one of these labels is no plain host name.
    """
    sites = [hosts_of([labels[key]], key) for key in labels if SITE_LABEL.fullmatch(key)]
    return tuple(host for each in sites for host in each) if all(sites) else ()


def _hosts_of_site(site: Directive) -> tuple[DeclaredHost, ...]:
    return hosts_of((site.name, *site.arguments), site.place)


def _declared(proxy: ReverseProxy, upstream: str, hosts: tuple[DeclaredHost, ...]) -> DeclaredPass:
    is_fastcgi = proxy.protocol == "fastcgi"
    return DeclaredPass(
        product=DeclaredCaddy.name,
        kind="fastcgi" if is_fastcgi else "proxy",
        directive="php_fastcgi" if is_fastcgi else "reverse_proxy",
        place=proxy.place,
        port=port_number(upstream.rpartition(":")[2]),
        script=f"{proxy.root}{FRONT_CONTROLLER}" if is_fastcgi and proxy.root else "",
        hosts=hosts,
        needs_host=bool(hosts),
    )


def _switch(handled: Handled) -> Switch | None:
    """Return what a handler does with requests while a file exists; None for anything else."""
    kind, file = handled.handler.get("handler"), handled.files[0]
    if kind == "static_response" and handled.handler.get("status_code") == "503":
        return Switch(file=file, line=handled.line)
    if kind == "reverse_proxy":
        # The name of such a file is usually that of the replica that it takes out of service.
        return Switch(file=file, line=handled.line, service=basename(file))
    return None
