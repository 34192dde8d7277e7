"""Stop and start containers that stay the same ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, EngineError, EngineUnavailable, LockLost
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.steps.containers.quiesce import stop_all
from cosmicdeploy.steps.rollout.serving import Serving
from cosmicdeploy.steps.rollout.timings import Phases


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
        if found is not None and found.is_running:
            wait_ready(ctx, found.id, name)


def take_in_all(ctx: Context) -> None:
    """The proxy passes over no replica any more. What it is told matters less than what runs."""
    serving = Serving(ctx, Phases())
    with suppress(CosmicError):
        serving.adopt()
        serving.put_in_service()


def bring_up(ctx: Context, groups: Iterable[Sequence[str]], well: Collection[str]) -> None:
    """Start what stands still, one group after the other, and wait for those that were `well`: one
    may have been started a moment ago.

    Raises what was in the way first, after all the others were started; `LockLost` and
    `EngineUnavailable`, after which nothing can be, at once.
    """
    errors: list[CosmicError] = []
    for names in groups:
        errors += _tried(ctx, _start_again, names)
        errors += _tried(ctx, _see, [name for name in names if name in well])
    if errors:
        raise errors[0]


def _start_again(ctx: Context, name: str) -> None:
    container = there(ctx, name)
    if not container.is_running:
        ctx.engine.start(container.id)


def _see(ctx: Context, name: str) -> None:
    wait_ready(ctx, there(ctx, name).id, name)


def _tried(
    ctx: Context, work: Callable[[Context, str], None], names: Sequence[str]
) -> list[CosmicError]:
    """Do it for all of them at the same time; what went wrong with some."""

    def one(name: str) -> CosmicError | None:
        try:
            work(ctx, name)
        except (LockLost, EngineUnavailable):
            raise
        except CosmicError as error:
            return error
        return None

    with ThreadPoolExecutor(max_workers=len(names) or 1) as pool:
        return [error for error in pool.map(one, names) if error is not None]
