"""Stop and start the same containers in place."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import FirstError
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.stopping import end_all
from cosmicdeploy.steps.rollout.replacement.proxy_control import ProxyControl
from cosmicdeploy.steps.rollout.replacement.target import Target
from cosmicdeploy.steps.rollout.replacement.timings import Phases


def serves(ctx: Context, name: str) -> bool:
    """Whether a service has a container that can serve at this moment."""
    container = ctx.container(name)
    return container is not None and serves_now(ctx, container)


def stop(ctx: Context, targets: Sequence[Target]) -> None:
    """Stop the targets' containers at the same time, each with its own grace period.

    Raises what `end_all` raises.
    """
    ctx.safe_point()
    end_all(ctx, {target.name: target.require_container().id for target in targets})


def start(ctx: Context, targets: Sequence[Target]) -> None:
    """Start the targets' containers and wait until they are healthy.

    Raises `UnhealthyContainer` if a container does not become healthy.
    """
    for target in targets:
        start_container(ctx, target.name, target.require_container().id)
    for target in targets:
        wait_ready(ctx, target.require_container().id, target.name)
        ctx.say(f"{target.name} is healthy")


def stop_and_start(ctx: Context, targets: Sequence[Target]) -> float:
    """Stop the targets' containers, then start them; return the seconds until they were healthy."""
    started = time.monotonic()
    stop(ctx, targets)
    start(ctx, targets)
    return time.monotonic() - started


def wait_for_replicas(ctx: Context) -> None:
    """Wait until the running replicas are ready, after a restart of services that they need.

    Raises `UnhealthyContainer` and `EngineError`.
    """
    for name in ctx.settings.services.app:
        container = ctx.container(name)
        if container is not None and container.is_running:
            wait_ready(ctx, container.id, name)


def put_all_in_service(ctx: Context) -> None:
    """Let the proxy send requests to all replicas again.

    An error of the proxy is ignored, but `LockLost` and `EngineUnavailable` are raised.
    """
    proxy = ProxyControl(ctx, Phases())
    with FirstError():
        proxy.adopt()
        proxy.put_all_in_service()


def restore_drained(ctx: Context) -> None:
    """Let the proxy send requests to drained replicas that can serve; wait until it does.

    Called before replicas are started or repaired, which takes time. An error of the proxy is only
    reported, but `LockLost` and `EngineUnavailable` are raised.
    """
    ProxyControl(ctx, Phases()).restore_drained()


def bring_up(ctx: Context, groups: Iterable[Sequence[Target]], healthy: Collection[str]) -> None:
    """Start stopped containers group by group; wait until those named in `healthy` are ready.

    Waits for running containers as well, since a killed run may just have started them. Raises the
    first error once all groups were tried. `LockLost` and `EngineUnavailable` are raised earlier:
    once the work on the present group has ended.
    """
    errors = FirstError()
    for targets in groups:
        _do_for_each(ctx, _start_if_stopped, targets, errors)
        _do_for_each(ctx, _wait_ready, [t for t in targets if t.name in healthy], errors)
    errors.raise_if_any()


def _start_if_stopped(ctx: Context, target: Target) -> None:
    container = target.require_container()
    if not container.is_running:
        start_container(ctx, target.name, container.id)


def _wait_ready(ctx: Context, target: Target) -> None:
    wait_ready(ctx, target.require_container().id, target.name)


def _do_for_each(
    ctx: Context,
    work: Callable[[Context, Target], None],
    targets: Sequence[Target],
    errors: FirstError,
) -> None:
    """Do the work for all targets at the same time.

    `errors` keeps the first error in the order of `targets`, unless it has one already.
    """
    with ThreadPoolExecutor(max_workers=len(targets) or 1) as pool:
        for running in [pool.submit(work, ctx, target) for target in targets]:
            with errors:
                running.result()
