"""Drain a replica, without a reload of nginx.

A flag file (the setting `proxy.out_of_service`) marks a replica as out of service. nginx looks for
the file on every request. If the file exists, nginx chooses a group of servers without that replica
(docs/nginx.md). A reload instead would close the idle connections of all clients.
"""

from __future__ import annotations

import time

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy.declared.directives import Directive
from cosmicdeploy.proxy.draining.flags import flag, flag_file, flagged_in, unflag
from cosmicdeploy.proxy.draining.in_flight import wait_until_drained
from cosmicdeploy.proxy.nginx.configuration import tests_file
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration


def drainable(ctx: Context) -> frozenset[str]:
    """Return the replicas whose flag file nginx looks for.

    Empty if `proxy.out_of_service` is not set, or if the proxy is not nginx or does not run. Raises
    `ConfigError` if nginx would not start with its present configuration.
    """
    nginx = find_nginx(ctx) if ctx.settings.proxy.out_of_service else None
    return _drainable_by(ctx, nginx) if nginx else frozenset()


def drain(ctx: Context, service: str) -> float:
    """Stop new requests to this replica, wait for those in flight; return the seconds it took.

    Waits until the proxy has no open connection to the replica, at most for the replica's
    `stop_grace_period`. Raises `ConfigError`, and changes nothing, if nginx does not look for the
    flag file or if another replica is out of service. Raises `ProbeFailed` if the proxy still sends
    requests to the replica. After any error while waiting, the replica is back in service.
    """
    _require_drainable(ctx, service)
    started = time.monotonic()
    flag(ctx, service)
    try:
        _wait(ctx, service)
    except BaseException:
        unflag(ctx, service)
        raise
    return time.monotonic() - started


def _wait(ctx: Context, service: str) -> None:
    # nginx looks for the flag file on each request, so later requests go to other replicas.
    container = ctx.container(service)
    if container is not None and container.is_running:
        wait_until_drained(
            ctx,
            service,
            container,
            where=str(flag_file(ctx, service)),
            todo="let every proxy_pass use the group without this replica, as docs/nginx.md shows",
        )


def _drainable_by(ctx: Context, nginx: Nginx) -> frozenset[str]:
    """Return the replicas whose flag file nginx looks for."""
    tree = read_configuration(ctx, nginx)
    return frozenset(n for n in ctx.settings.services.app if is_drainable(ctx, tree, n))


def is_drainable(ctx: Context, tree: tuple[Directive, ...], service: str) -> bool:
    """Return whether nginx with this configuration looks for the flag file of a replica."""
    file = flag_file(ctx, service)
    return file is not None and tests_file(tree, file)


def _require_drainable(ctx: Context, service: str) -> None:
    nginx = find_nginx(ctx)
    others = [n for n in flagged_in(ctx, nginx.container) if n != service] if nginx else []
    if others:
        raise ConfigError(
            f"{others[0]} is out of service already, and nginx can leave out only one at a time",
            where=f"proxy.out_of_service: {flag_file(ctx, others[0])}",
            todo="run `cosmicdeploy verify --only proxy`, which names the file to remove",
        )
    if nginx is None or service not in _drainable_by(ctx, nginx):
        raise ConfigError(
            f"The proxy cannot leave out {service}: it does not look for the flag file",
            where=f"proxy.out_of_service: {flag_file(ctx, service) or 'not set'}",
            todo="let nginx look for this file, as docs/nginx.md shows",
        )
