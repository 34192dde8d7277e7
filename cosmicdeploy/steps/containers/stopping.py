"""Stop containers of the application, best without cutting off what they are at work on."""

from __future__ import annotations

import time

from cosmicdeploy.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.polling import poll
from cosmicdeploy.proxy.stop_signals import KILLED, running_jobs

# The look is a command in the container, which costs the host a twentieth of a second at work.
LOOK_EVERY = 0.25
# Of what has no job in hand and does not listen to its stop signal.
NO_GRACE = 0.0


def end(ctx: Context, service: str, container_id: str, grace: float | None = None) -> None:
    """Stop a service's container, within `grace` seconds, by default the service's own.

    Where `restart.between_jobs` says that it does not listen to its stop signal, and does each job
    in a process of its own, it is stopped at once when none runs.
    """
    patience = ctx.service(service).stop_grace_period if grace is None else grace
    if service in ctx.settings.services.of(ctx.settings.restart.between_jobs):
        _wait_for_rest(ctx, service, container_id, patience)
        ctx.engine.stop(container_id, NO_GRACE)
        return
    started = time.monotonic()
    ctx.engine.stop(container_id, patience)
    used_up = time.monotonic() - started >= patience
    if used_up and service in ctx.settings.services.singletons:
        _tell_of_kill(ctx, service, container_id, patience)


def _wait_for_rest(ctx: Context, service: str, container_id: str, patience: float) -> None:
    is_working = poll(
        lambda: _works(ctx, container_id),
        until=lambda is_working: not is_working,
        every=LOOK_EVERY,
        within=patience,
    )
    if is_working:
        ctx.say(f"{service} was still at work after {patience:.0f} s, and is cut off")


def _works(ctx: Context, container_id: str) -> bool:
    """Whether a job runs there; no where it ended meanwhile."""
    found = ctx.engine.container(container_id)
    if found is None or not found.is_running:
        return False
    try:
        return running_jobs(ctx, found) > 0
    except EngineError:
        still = ctx.engine.container(container_id)
        if still is not None and still.is_running:
            raise
        return False


def _tell_of_kill(ctx: Context, service: str, container_id: str, patience: float) -> None:
    """Whether a signal is heeded shows in nothing but how the container ended."""
    found = ctx.engine.container(container_id)
    if found is not None and found.exit_code == KILLED:
        ctx.say(
            f"{service} did not heed its stop signal: it was killed after {patience:.0f} s, with"
            " what it was at work on (docs/workers.md)"
        )
