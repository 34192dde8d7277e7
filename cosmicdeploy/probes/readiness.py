"""Wait until a container can serve, and tell why where it cannot."""

from __future__ import annotations

from collections.abc import Callable

import tenacity

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable, UnhealthyContainer

POLL_SECONDS = 0.25
LOG_LINES = 10
# A health check that hangs, in seconds.
PROBE_SILENCE = 10.0


def wait_ready(ctx: Context, container_id: str, name: str) -> Container:
    """The container once it can serve; raises `UnhealthyContainer` with its last words.

    While the engine has not judged yet we run its own health check ourselves, at our interval: the
    engine's first verdict comes one whole interval after the start. A container that ended, or was
    restarted by the engine, is given up at once.
    """
    return _wait(ctx, container_id, name, lambda found: found.ready or _passes(ctx, found))


def _wait(
    ctx: Context, container_id: str, name: str, ready: Callable[[Container], bool]
) -> Container:
    within = ctx.settings.restart.healthy_within
    restarts: list[int] = []

    def look() -> tuple[Container, bool]:
        ctx.safe_point()
        found = ctx.engine.container(container_id)
        if found is None:
            raise EngineError("The container went away while it was waited for", where=name)
        restarts.append(found.restart_count)
        return found, ready(found)

    def dead(found: Container) -> bool:
        # Before its first start a container is "created"; after that anything but running is the
        # end. Restarts from before the waiting are of no account.
        return found.status in ("exited", "dead") or found.restart_count > restarts[0]

    waiting = tenacity.Retrying(
        stop=tenacity.stop_after_delay(within),
        wait=tenacity.wait_fixed(POLL_SECONDS),
        retry=tenacity.retry_if_result(lambda seen: not (seen[1] or dead(seen[0]))),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    found, is_ready = waiting(look)
    if not is_ready:
        raise unhealthy(ctx, found, name, within, ended=dead(found))
    return found


def serves_now(ctx: Context, found: Container) -> bool:
    """Whether a container can serve at this moment, without waiting; its own health check is run
    where the engine has not judged yet."""
    return found.ready or _passes(ctx, found)


def _passes(ctx: Context, found: Container) -> bool:
    if found.health != "starting" or not found.healthcheck:
        return False
    try:
        return _probe(ctx, found)
    except EngineUnavailable:
        raise
    except EngineError:
        return False  # it ended in this moment: the next look tells how


def _probe(ctx: Context, found: Container) -> bool:
    result = ctx.engine.exec(found.id, found.healthcheck, silence=PROBE_SILENCE)
    return result.exit_code == 0


def unhealthy(
    ctx: Context, found: Container, name: str, within: float, *, ended: bool
) -> UnhealthyContainer:
    """The error that explains a container: state, last probe and last log lines."""
    state = f"{found.status}, exit code {found.exit_code}" if ended else found.health
    if found.oom_killed:
        state += ", out of memory"
    probe = [f"last probe: {found.last_probe}"] if found.last_probe else []
    return UnhealthyContainer(
        f"{name} did not become healthy within {within:.0f} s ({state or found.status})",
        where=name,
        todo="the lines above are its last probe and log lines",
        details=(*probe, *ctx.engine.logs(found.id, tail=LOG_LINES)),
    )
