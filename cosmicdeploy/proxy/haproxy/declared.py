"""HAProxy's configuration as the stack's files have it, before any container runs."""

from __future__ import annotations

from collections.abc import Mapping

from cosmicdeploy.proxy.declared.mounted import Location, MountedFile, mounted_files
from cosmicdeploy.proxy.declared.passes import DeclaredPass, Switch
from cosmicdeploy.proxy.haproxy.configuration import WITH_SERVERS, DeclaredServer, Section, parse
from cosmicdeploy.proxy.haproxy.configuration import servers as servers_of
from cosmicdeploy.proxy.haproxy.process import named_files
from cosmicdeploy.stack.model import Service

# The official image and Debian's package look in these folders.
LOCATIONS = tuple(
    Location(folder=folder, suffixes=(".cfg",))
    for folder in ("/usr/local/etc/haproxy", "/etc/haproxy")
)


class DeclaredHAProxy:
    """The `DeclaredKind` HAProxy."""

    name = "HAProxy"
    program = "haproxy"
    image_words = frozenset({"haproxy"})
    # A server without a port gets the port of the client's connection.
    default_port = None
    follows_container_health = False

    def files(self, service: Service) -> list[MountedFile]:
        words = (*(service.entrypoint or ()), *(service.command or ()))
        named = list(named_files(words))
        own = [Location(folder=path, suffixes=(".cfg",)) for path in named]
        return [each for place in own or LOCATIONS for each in mounted_files(service, place, named)]

    def passes_in(self, texts: Mapping[str, str]) -> list[tuple[str, DeclaredPass]]:
        return [
            (server.host, _declared(section, server))
            for section in parse(texts)
            if section.kind in WITH_SERVERS
            for server in servers_of(section)
        ]

    def pass_of(self, service: Service) -> DeclaredPass | None:
        return None  # HAProxy reads no labels

    def switches_in(self, text: str) -> list[Switch]:
        return []  # HAProxy cannot look for a file on a request


def _declared(section: Section, server: DeclaredServer) -> DeclaredPass:
    is_fastcgi = section.has("use-fcgi-app")
    return DeclaredPass(
        product=DeclaredHAProxy.name,
        kind="fastcgi" if is_fastcgi else "proxy",
        directive="server",
        place=server.place,
        port=server.port,
    )
