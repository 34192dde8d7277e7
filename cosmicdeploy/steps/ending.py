"""Stop containers of the application without cutting off what they are at work on."""

from __future__ import annotations

import time
from contextlib import suppress

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.signals import ignores_stop, jobs_in

# The look is a command in the container, which costs the host a twentieth of a second at work.
LOOK_EVERY = 0.25
# Of what has no job in hand and does not listen to its stop signal.
NO_GRACE = 0.0


def end(ctx: Context, service: str, container_id: str, grace: float | None = None) -> None:
    """Stop a service's container, within `grace` seconds, by default the service's own.

    A scheduler or worker that ignores its stop signal would serve on until it is killed. Where
    `restart.between_jobs` says that it does each job in a process of its own, it is stopped once
    none runs.
    """
    patience = ctx.service(service).stop_grace_period if grace is None else grace
    if service in ctx.settings.services.singletons:
        found = ctx.engine.container(container_id)
        if found is not None and _is_deaf(ctx, service, found):
            patience = _end_of_jobs(ctx, service, found, patience)
    ctx.engine.stop(container_id, patience)


def _is_deaf(ctx: Context, service: str, container: Container) -> bool:
    with suppress(EngineError):  # one that does not run, or has no `cat`, is stopped as any other
        return container.running and ignores_stop(ctx, service, container)
    return False


def _end_of_jobs(ctx: Context, service: str, container: Container, patience: float) -> float:
    """Wait until no job runs, at most `patience` seconds; the seconds to stop it in."""
    if service not in ctx.settings.services.of(ctx.settings.restart.between_jobs):
        ctx.say(
            f"{service} ignores its stop signal: what it is at work on is cut off after"
            f" {patience:.0f} s (docs/workers.md)"
        )
        return patience
    until = time.monotonic() + patience
    while jobs_in(ctx, container):
        if time.monotonic() > until:
            ctx.say(f"{service} was still at work after {patience:.0f} s, and is cut off")
            return NO_GRACE
        time.sleep(LOOK_EVERY)
    ctx.say(f"{service} ignores its stop signal: it is ended between two jobs")
    return NO_GRACE
