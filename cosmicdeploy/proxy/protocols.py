"""Find out each application's protocol from nginx's configuration, if the settings name none.

The directive that passes requests to the replicas shows the protocol: `proxy_pass` means HTTP,
`fastcgi_pass` means FastCGI. Only files that the compose file mounts are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy.nginx.declared import DeclaredPass, declared_passes
from cosmicdeploy.settings import Application, LoadedSettings, Presumed
from cosmicdeploy.settings.sections.application_keys import Protocol
from cosmicdeploy.stack.model import Stack

# The port of php-fpm, and of most other FastCGI servers.
FASTCGI_PORT = 9000
PROTOCOLS: dict[str, Protocol] = {"proxy": "http", "fastcgi": "fastcgi"}


def with_protocols(loaded: LoadedSettings, stack: Stack) -> LoadedSettings:
    """Return the settings, completed with protocols, ports and scripts from nginx's configuration.

    An application is completed if nginx passes requests to it, but never by `proxy_pass`. A
    protocol or port in its settings stays. Every application with the protocol fastcgi and no known
    port gets port 9000. Raises `ConfigError` if nginx uses another protocol for an application than
    its settings name.
    """
    presumed = {
        each.name: found
        for each in loaded.settings.all_applications
        if (found := _presumed(loaded, stack, each)) is not None
    }
    return replace(loaded, settings=loaded.settings.with_presumed(presumed))


def _presumed(loaded: LoadedSettings, stack: Stack, application: Application) -> Presumed | None:
    port = application.port if loaded.settings.has_port(application) else None
    passes = [
        each
        for name in application.services
        for each in declared_passes(stack, stack.services[name])
        if port is None or each.port in (None, port)
    ]
    if application.protocol is not None:
        _require_agreement(loaded, application, passes)
    if not passes or any(each.kind == "proxy" for each in passes):
        return _default_port(application, port)
    first = passes[0]
    return Presumed(
        protocol=application.protocol or PROTOCOLS.get(first.kind, "other"),
        port=port or first.port or FASTCGI_PORT,
        script=first.script,
        place="" if application.protocol else f"{first.place}, {first.kind}_pass",
    )


def _default_port(application: Application, port: int | None) -> Presumed | None:
    if application.protocol != "fastcgi":
        return None
    return Presumed(protocol="fastcgi", port=port or FASTCGI_PORT)


def _require_agreement(
    loaded: LoadedSettings, application: Application, passes: Sequence[DeclaredPass]
) -> None:
    spoken = {PROTOCOLS.get(each.kind, "other") for each in passes}
    if not passes or application.protocol in (*spoken, "other"):
        return
    first = passes[0]
    raise ConfigError(
        f"nginx passes requests to {', '.join(application.services)} by {first.kind}_pass, but"
        f" {application.section}.protocol is {application.protocol}",
        where=f"{first.place}, {loaded.file}",
        todo=f"set {application.section}.protocol to {PROTOCOLS.get(first.kind, 'other')}",
    )
