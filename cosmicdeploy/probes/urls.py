"""Base URLs of the stack and of its replicas, without a trailing slash."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.engine.containers.reachable import reachable_address
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError


def proxy_url(ctx: Context) -> str:
    """Return the URL that clients use: `probe.url`, else the proxy's first published port.

    Without a proxy, it is the published port of the only replica. Raises `ConfigError` if there is
    none of these, and `EngineError` if the proxy or the replica does not run.
    """
    if ctx.settings.probe.url:
        return ctx.settings.probe.url.rstrip("/")
    front = _front(ctx)
    if front is None:
        raise ConfigError(
            "The address at which clients reach the stack is unknown",
            where=str(ctx.loaded.file),
            todo="set `probe.url` there, or publish a port of the proxy in the compose file",
        )
    service, target = front
    host, port = reachable_address(ctx.running(service), target)
    return f"http://{host}:{port}"


def _front(ctx: Context) -> tuple[str, int] | None:
    """Return the service that clients reach and its port there; None if none is published."""
    services = ctx.settings.services
    if services.proxy:
        ports = ctx.service(services.proxy).ports
        return (services.proxy, ports[0].target) if ports else None
    [first, *others] = services.app
    published = {port.target for port in ctx.service(first).ports}
    if others or ctx.settings.app.port not in published:
        return None
    return first, ctx.settings.app.port


def replica_url(ctx: Context, service: str) -> str:
    """Return the URL of the replica of a service, past the load balancer.

    Raises `EngineError` if it does not run or cannot be reached.
    """
    return container_url(ctx, ctx.running(service))


def container_url(ctx: Context, container: Container) -> str:
    """Return the URL of a replica's container.

    Raises `EngineError` if it cannot be reached.
    """
    host, port = reachable_address(container, ctx.settings.app.port)
    return f"http://{host}:{port}"
