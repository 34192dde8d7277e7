"""Record which mounted files the running containers have read."""

from __future__ import annotations

from contextlib import suppress

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.mounted_files.changes import remember
from cosmicdeploy.proxy import load_balancer


def remember_files(ctx: Context, reloaded_at: float = 0.0) -> None:
    """Record which mounted files the running containers have read by now.

    These are the files of the infrastructure, and the secrets and configs of all other services.
    `reloaded_at` (Unix time) is when this run made the proxy read its files again; 0 if it did not.
    An error is ignored: without the record, a file that was touched, but not changed, counts as
    changed.
    """
    with suppress(CosmicError, OSError):
        ctx.lock.require()
        read: dict[str, tuple[Container, float]] = {}
        services = ctx.settings.services
        with_sources = [n for n in services.deployed if any(m.key for m in ctx.service(n).mounts)]
        for name in (*services.infrastructure, *with_sources):
            container = ctx.container(name)
            if container is not None and container.is_running:
                is_proxy = name == services.proxy
                read[name] = (container, max(reloaded_at, _read_at(ctx)) if is_proxy else 0.0)
        remember(ctx, read)


def _read_at(ctx: Context) -> float:
    configuration = load_balancer(ctx).configuration()
    return configuration.loaded_at() if configuration is not None else 0.0
