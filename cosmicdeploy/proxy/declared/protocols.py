"""Find out each application's protocol from the load balancer's files, if the settings name none.

The directive that passes requests to the replicas shows the protocol: nginx's `proxy_pass` means
HTTP, its `fastcgi_pass` means FastCGI. Only files that the compose file mounts are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy.declared.kinds import declared_passes
from cosmicdeploy.proxy.declared.passes import DeclaredPass, passes_to
from cosmicdeploy.settings import Application, LoadedSettings, Presumed
from cosmicdeploy.settings.sections.application_keys import Protocol
from cosmicdeploy.stack.model import Stack

# The port of php-fpm, and of most other FastCGI servers.
FASTCGI_PORT = 9000
PROTOCOLS: dict[str, Protocol] = {"proxy": "http", "fastcgi": "fastcgi"}


def with_protocols(loaded: LoadedSettings, stack: Stack) -> LoadedSettings:
    """Return the settings, completed with protocols, ports and scripts from mounted files.

    An application is completed if a load balancer passes requests to it, but never by HTTP. A
    protocol or port in its settings stays. Every application with the protocol fastcgi and no known
    port gets port 9000. Raises `ConfigError` if the load balancer uses another protocol for an
    application than its settings name.
    """
    declared = declared_passes(stack)
    passes = {name: passes_to(service, declared) for name, service in stack.services.items()}
    presumed = {
        each.name: found
        for each in loaded.settings.all_applications
        if (found := _presumed(loaded, passes, each)) is not None
    }
    return replace(loaded, settings=loaded.settings.with_presumed(presumed))


def _presumed(
    loaded: LoadedSettings,
    declared: Mapping[str, Sequence[DeclaredPass]],
    application: Application,
) -> Presumed | None:
    port = application.port if loaded.settings.has_port(application) else None
    passes = [
        each
        for name in application.services
        for each in declared[name]
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
        place="" if application.protocol else f"{first.place}, {first.directive}",
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
        f"{first.product} passes requests to {', '.join(application.services)} by"
        f" {first.directive}, but"
        f" {application.section}.protocol is {application.protocol}",
        where=f"{first.place}, {loaded.file}",
        todo=f"set {application.section}.protocol to {PROTOCOLS.get(first.kind, 'other')}",
    )
