"""Recognize the load balancer by what runs in the proxy's container."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from posixpath import basename

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.proxy.caddy.balancer import CaddyBalancer
from cosmicdeploy.proxy.haproxy.balancer import HAProxyBalancer
from cosmicdeploy.proxy.kernel.processes import processes
from cosmicdeploy.proxy.load_balancer import LoadBalancer
from cosmicdeploy.proxy.nginx.balancer import NginxBalancer
from cosmicdeploy.proxy.none.balancers import NoBalancer, OtherBalancer, UnknownBalancer
from cosmicdeploy.proxy.traefik.balancer import TraefikBalancer

# By the name of the program. If several run in one container, the first one in this order counts.
KINDS: Mapping[str, Callable[[Context], LoadBalancer]] = {
    "nginx": NginxBalancer,
    "haproxy": HAProxyBalancer,
    "traefik": TraefikBalancer,
    "caddy": CaddyBalancer,
}


def load_balancer(ctx: Context) -> LoadBalancer:
    """Return the load balancer of the stack, as it runs now.

    Raises `EngineError` if the container in its place belongs to another project.
    """
    name = ctx.settings.services.proxy
    if name is None:
        return NoBalancer(ctx)
    container = ctx.container(name)
    if container is None or not container.is_running:
        return OtherBalancer(ctx, partial(_declared, ctx, name))
    return KINDS.get(_program(ctx, container), UnknownBalancer)(ctx)


def _declared(ctx: Context, name: str) -> LoadBalancer | None:
    """Return the load balancer that a service will run by its image's name; None if unknown."""
    image = ctx.service(name).image.rpartition("/")[2].partition(":")[0]
    words = re.findall(r"[a-z]+", image.lower())
    return next((KINDS[program](ctx) for program in KINDS if program in words), None)


def _program(ctx: Context, container: Container) -> str:
    """Return which of the known programs runs in a container; "" for none of them."""
    key, cache = (container.id, container.started_at), ctx.lookup_cache.load_balancers
    if container.started_at and key in cache:
        return cache[key]
    cache[key] = _recognized(ctx, container)
    return cache[key]


def _recognized(ctx: Context, container: Container) -> str:
    names = {process.name for process in processes(ctx, container)}
    # An image without a shell does not show its processes, but its command.
    names = names or {basename(word) for word in container.command}
    return next((program for program in KINDS if program in names), "")
