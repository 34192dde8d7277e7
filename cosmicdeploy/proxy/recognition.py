"""Recognize the load balancer by what runs in the proxy's container."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from posixpath import basename

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.proxy.caddy.balancer import CaddyBalancer
from cosmicdeploy.proxy.declared.kinds import KINDS, kind_of
from cosmicdeploy.proxy.haproxy.balancer import HAProxyBalancer
from cosmicdeploy.proxy.kernel.processes import processes
from cosmicdeploy.proxy.load_balancer import LoadBalancer
from cosmicdeploy.proxy.nginx.balancer import NginxBalancer
from cosmicdeploy.proxy.none.balancers import NoBalancer, OtherBalancer, UnknownBalancer
from cosmicdeploy.proxy.traefik.balancer import TraefikBalancer
from cosmicdeploy.stack.data_keepers import words_of

# By the name of the program.
BALANCERS: Mapping[str, Callable[[Context], LoadBalancer]] = {
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
        return OtherBalancer(ctx, partial(declared_load_balancer, ctx))
    return BALANCERS.get(_program(ctx, container), UnknownBalancer)(ctx)


def declared_load_balancer(ctx: Context) -> LoadBalancer | None:
    """Return the load balancer that the stack's files declare; None if they do not show it."""
    name = ctx.settings.services.proxy
    if name is None:
        return NoBalancer(ctx)
    service = ctx.service(name)
    kind = kind_of(service, words_of(service.image))
    return BALANCERS[kind.program](ctx) if kind is not None else None


def _program(ctx: Context, container: Container) -> str:
    """Return which of the known programs runs in a container; "" for none of them."""
    key, cache = (container.id, container.started_at), ctx.lookup_cache.load_balancers
    if container.started_at and key in cache:
        return cache[key]
    cache[key] = _recognized(ctx, container)
    return cache[key]


def _recognized(ctx: Context, container: Container) -> str:
    names = {process.name for process in processes(ctx, container)}
    # Without a shell in the image, the processes may be unreadable; the command is always known.
    names = names or {basename(word) for word in container.command}
    return next((kind.program for kind in KINDS if kind.program in names), "")
