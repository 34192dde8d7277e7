"""Where the stack is reached from outside."""

from __future__ import annotations

from cosmicdeploy.context import Context, address
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError


def proxy_url(ctx: Context) -> str:
    """The stack as its clients see it; raises `ConfigError` where nothing is published."""
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
    """One replica, past the load balancer."""
    return container_url(ctx, ctx.running(service))


def container_url(ctx: Context, container: Container) -> str:
    """One container of the application; raises `EngineError` where it cannot be reached."""
    host, port = address(container, ctx.settings.app.port)
    return f"http://{host}:{port}"
