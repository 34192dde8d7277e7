"""Stop and start containers that stay the same ones."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import CosmicError, EngineError
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.steps.phases import Phases
from cosmicdeploy.steps.quiesce import stop_all
from cosmicdeploy.steps.serving import Serving


def there(ctx: Context, name: str) -> Container:
    """The service's container, running or not; raises `EngineError` where there is none."""
    found = ctx.container(name)
    if found is None:
        raise EngineError(f"{name} has no container", where=name, todo="run `cosmicdeploy up`")
    return found


def serves(ctx: Context, name: str) -> bool:
    """Whether a service's container can serve at this moment."""
    found = ctx.container(name)
    return found is not None and serves_now(ctx, found)


def stop(ctx: Context, names: Sequence[str]) -> None:
    """Stop services' containers at the same time, each with its own grace."""
    ctx.safe_point()
    stop_all(ctx, {name: there(ctx, name).id for name in names})


def start(ctx: Context, names: Sequence[str]) -> None:
    """Start them, and see them healthy; raises `UnhealthyContainer`."""
    for name in names:
        ctx.engine.start(there(ctx, name).id)
    for name in names:
        wait_ready(ctx, there(ctx, name).id, name)
        ctx.say(f"{name} is healthy")


def stop_and_start(ctx: Context, names: Sequence[str]) -> float:
    """Both; the seconds that they were away."""
    started = time.monotonic()
    stop(ctx, names)
    start(ctx, names)
    return time.monotonic() - started


def see_replicas(ctx: Context) -> None:
    """Wait for those that run: they may have lost what they need for a moment."""
    for name in ctx.settings.services.app:
        found = ctx.container(name)
        if found is not None and found.running:
            wait_ready(ctx, found.id, name)


def take_in_all(ctx: Context) -> None:
    """The proxy passes over no replica any more. What it is told matters less than what runs."""
    serving = Serving(ctx, Phases())
    with suppress(CosmicError):
        serving.adopt()
        serving.take_in()


def see_well(ctx: Context, names: Iterable[str]) -> None:
    """Wait for those that were well before: one may have been started a moment ago. Raises
    `UnhealthyContainer`."""
    for name in names:
        wait_ready(ctx, there(ctx, name).id, name)
