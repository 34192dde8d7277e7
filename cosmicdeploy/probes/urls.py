"""Where clients reach each application, and the base URLs of its replicas."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.reachable import reachable_address
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.http import FASTCGI
from cosmicdeploy.settings import Application


@dataclass(frozen=True)
class Front:
    """A request as clients send it: its base URL, its path, and its Host header.

    Each request to `url` has to carry `host`; "" stands for the host of the URL.
    """

    base: str
    path: str
    host: str = ""

    @property
    def url(self) -> str:
        return self.base + self.path

    @property
    def origin(self) -> tuple[str, str]:
        """The base URL and the Host header: what requests on the same connection share."""
        return self.base, self.host


def front_of(ctx: Context, application: Application) -> Front | None:
    """Return where clients get a 200 from the application; None if no client sends it requests.

    `probe.host` is the Host header at the address of the stack, but not at a URL that `reached_at`
    declares. Raises the same errors as `proxy_url`.
    """
    if not application.is_reached:
        return None
    declared = application.reached_at or application.health_path
    if declared.startswith("/"):
        return Front(_base_url(ctx, application), declared, ctx.settings.probe.host or "")
    parts = urlsplit(declared)
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    return Front(f"{parts.scheme}://{parts.netloc}", path + query)


def front_at(ctx: Context, path: str) -> Front:
    """Return the request to a path of the main application, as its clients send it.

    Raises the same errors as `proxy_url`.
    """
    return Front(proxy_url(ctx), path, ctx.settings.probe.host or "")


def proxy_url(ctx: Context) -> str:
    """Return the base URL that clients of the main application use, without their Host header.

    That is `probe.url`, or else the proxy's first published port. Without a proxy, it is the
    published port of the only replica. Raises `ConfigError` if the stack has none of these, and
    `EngineError` if the proxy or the replica does not run or cannot be reached.
    """
    return _base_url(ctx, ctx.settings.main_application)


def _base_url(ctx: Context, application: Application) -> str:
    if ctx.settings.probe.url:
        return ctx.settings.probe.url.rstrip("/")
    published = _published(ctx, application)
    if published is None:
        of = "the stack" if application.is_main else f"the application {application.name}"
        raise ConfigError(
            f"The address at which clients reach {of} is unknown",
            where=str(ctx.loaded.file),
            todo="set `probe.url`, or publish a port of the proxy in the compose file"
            if application.is_main
            else f"set `applications.{application.name}.reached_at`",
        )
    service, target = published
    host, port = reachable_address(ctx.running(service), target)
    return f"http://{host}:{port}"


def _published(ctx: Context, application: Application) -> tuple[str, int] | None:
    """Return the service that clients connect to and its container's port; None if unknown."""
    proxy = ctx.settings.services.proxy
    if proxy:
        ports = ctx.service(proxy).ports
        return (proxy, ports[0].target) if ports else None
    [first, *others] = application.services
    published = {port.target for port in ctx.service(first).ports}
    if others or not application.is_http or application.port not in published:
        return None
    return first, application.port


def replica_url(ctx: Context, service: str) -> str:
    """Return the URL of the replica of a service, past the load balancer.

    Raises `EngineError` if the replica does not run or cannot be reached.
    """
    application = ctx.settings.application_of(service) or ctx.settings.main_application
    return container_url(ctx.running(service), application)


def container_url(container: Container, application: Application) -> str:
    """Return the base URL of a replica's container; over FastCGI it includes the script.

    Raises `EngineError` if the container cannot be reached.
    """
    host, port = reachable_address(container, application.port)
    if application.protocol != "fastcgi":
        return f"http://{host}:{port}"
    presumed = application.presumed.script if application.presumed else ""
    return f"{FASTCGI}://{host}:{port}{quote(application.script or presumed)}"


def is_requested(container: Container, application: Application) -> bool:
    """Return whether the deployer sends requests to the replica itself, past the load balancer.

    False if the replica speaks neither HTTP nor FastCGI. A FastCGI replica with a health check of
    its own gets requests only if the settings name the script.
    """
    if application.protocol == "fastcgi":
        return bool(application.script) or not container.healthcheck
    return application.is_http
