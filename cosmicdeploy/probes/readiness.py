"""Wait until a container is ready for traffic, and explain why it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable, UnhealthyContainer
from cosmicdeploy.probes.crash_log import how_it_ended, last_log_lines
from cosmicdeploy.probes.responses import ResponsesInARow
from cosmicdeploy.process.polling import poll

# A health check that prints nothing for this long counts as hanging.
HEALTH_CHECK_SILENCE = 10.0


def wait_ready(
    ctx: Context,
    container_id: str,
    name: str,
    on_good_response: Callable[[], None] = lambda: None,
    *,
    is_new: bool = False,
) -> Container:
    """Wait until a container is ready, and return it.

    Waits up to `restart.healthy_within` seconds. Raises `UnhealthyContainer`, with the last probe
    and log lines, if the container is not ready by then, or as soon as it ends or restarts. If the
    container `is_new`, every restart since its creation counts, else only those during the wait.
    Raises `EngineError` if the container is removed.

    A container is ready once its health check passes; without a health check, once it runs. Before
    that, a replica to which the deployer sends requests has to answer its health path
    `restart.passes` times in a row; `on_good_response` is called after each good response.

    The engine runs the health check for the first time one interval after the start. Until then the
    deployer runs the check itself in the container. It skips the check for a replica on two
    conditions: the check has passed in another container of the same image, and the check only
    sends the request that this replica has just answered.
    """
    application = ctx.settings.application_of(name)
    responses = ResponsesInARow(ctx, application, on_good_response)
    return _wait_ready(ctx, container_id, name, responses, is_new=is_new)


def wait_healthy(ctx: Context, container_id: str, name: str) -> Container:
    """Wait as `wait_ready` does, but send no requests, for a container that no service declares."""
    responses = ResponsesInARow(ctx, None, lambda: None)
    return _wait_ready(ctx, container_id, name, responses, is_new=False)


def _wait_ready(
    ctx: Context, container_id: str, name: str, responses: ResponsesInARow, *, is_new: bool
) -> Container:
    def has_passed(container: Container) -> bool:
        return (
            container.is_ready
            or (responses.prove_health(container) and _has_passed_elsewhere(ctx, container))
            or _has_passed_before(ctx, container)
            or _passes_now(ctx, container)
        )

    return _wait(
        ctx,
        container_id,
        name,
        ready=lambda container: responses.are_enough(container) and has_passed(container),
        responses=responses,
        is_new=is_new,
    )


def _wait(
    ctx: Context,
    container_id: str,
    name: str,
    ready: Callable[[Container], bool],
    responses: ResponsesInARow,
    *,
    is_new: bool,
) -> Container:
    within = ctx.settings.restart.healthy_within
    # Later numbers of restarts are compared with the first number in this list.
    restarts: list[int] = [0] if is_new else []

    def attempt() -> tuple[Container, bool]:
        container = awaited_container(ctx, container_id, name)
        restarts.append(container.restart_count)
        return container, not has_ended(container) and ready(container)

    def has_ended(container: Container) -> bool:
        return container.status in ("exited", "dead") or container.restart_count > restarts[0]

    container, is_ready = poll(
        attempt,
        until=lambda last: last[1] or has_ended(last[0]),
        every=responses.pause,
        within=within,
    )
    if not is_ready:
        why = responses.why_not_enough(container)
        raise unhealthy(ctx, container, name, within, why, ended=has_ended(container))
    return container


def awaited_container(ctx: Context, container_id: str, name: str) -> Container:
    """Return the present state of a container that a run waits for; this is a safe point.

    Raises `EngineError` if the container was removed.
    """
    ctx.safe_point()
    container = ctx.engine.container(container_id)
    if container is None:
        raise EngineError(
            "The container was removed while the run waited for it",
            where=name,
            todo="see what runs now with `cosmicdeploy status`, then run the command again",
        )
    return container


def serves_now(ctx: Context, container: Container) -> bool:
    """Return whether a container is ready at this moment, without waiting.

    Runs the container's health check if the container is still starting.
    """
    return container.is_ready or _passes_now(ctx, container)


def _passes_now(ctx: Context, container: Container) -> bool:
    if container.health != "starting" or not container.healthcheck:
        return False
    try:
        result = ctx.engine.exec(container.id, container.healthcheck, silence=HEALTH_CHECK_SILENCE)
    except EngineUnavailable:
        raise
    except EngineError:
        return False  # the check hangs, or the container has just ended: the next attempt shows it
    if result.exit_code != 0:
        return False
    ctx.lookup_cache.passed_checks.add(_check_key(container))
    ctx.lookup_cache.passed_starts.add(_start_key(container))
    return True


def _has_passed_before(ctx: Context, container: Container) -> bool:
    """Return whether the deployer has seen the check pass since the container's last start."""
    return _start_key(container) in ctx.lookup_cache.passed_starts


def _has_passed_elsewhere(ctx: Context, container: Container) -> bool:
    """Return whether the check has passed in another container of the same image."""
    return _check_key(container) in ctx.lookup_cache.passed_checks


def _check_key(container: Container) -> tuple[tuple[str, ...], str]:
    return tuple(container.healthcheck), container.image_id


def _start_key(container: Container) -> tuple[str, str]:
    return container.id, container.started_at


def unhealthy(
    ctx: Context,
    container: Container,
    name: str,
    within: float,
    responses: Sequence[str] = (),
    *,
    ended: bool,
) -> UnhealthyContainer:
    """Return the error for a container that was not ready within `within` seconds.

    `responses` says what was wrong with the container's responses. If the container `ended` or
    restarted, the wait was over before `within` seconds. The error's details are `responses`, the
    last probe and the last log lines.
    """
    if ended:
        waited, state = "", how_it_ended(container)
    else:
        waited, state = f" within {within:.0f} s", container.health or container.status
        state += ", out of memory" if container.oom_killed else ""
    probe = [f"last probe: {container.last_probe}"] if container.last_probe else []
    see = f"see its last probe and log lines above, or `cosmicdeploy logs {name} --tail 100`"
    return UnhealthyContainer(
        f"{name} did not become healthy{waited} ({state})",
        where=name,
        todo="run `cosmicdeploy up`: it unpauses the container" if container.is_paused else see,
        details=(*responses, *probe, *last_log_lines(ctx, container)),
    )
