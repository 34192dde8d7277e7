"""Base URLs of the stack and of its replicas, without a slash at the end."""

from __future__ import annotations

from cosmicdeploy.context import Context, address
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError


def proxy_url(ctx: Context) -> str:
    """Return the URL that clients use: `probe.url`, else the proxy's first published port.

    Raises `ConfigError` if there is neither.
    """
    if ctx.settings.probe.url:
        return ctx.settings.probe.url.rstrip("/")
    proxy = ctx.settings.services.proxy
    ports = ctx.service(proxy).ports if proxy else ()
    if not proxy or not ports:
        raise ConfigError(
            "It is not known where clients reach the stack",
            where="cosmicdeploy.yaml",
            todo="set probe.url, or let the proxy publish a port",
        )
    host, port = address(ctx.running(proxy), ports[0].target)
    return f"http://{host}:{port}"


def replica_url(ctx: Context, service: str) -> str:
    """Return the URL of a service's replica, past the load balancer."""
    return container_url(ctx, ctx.running(service))


def container_url(ctx: Context, container: Container) -> str:
    """Return the URL of a container of the application.

    Raises `EngineError` if it cannot be reached.
    """
    host, port = address(container, ctx.settings.app.port)
    return f"http://{host}:{port}"
