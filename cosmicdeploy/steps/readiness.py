"""Wait until a container can serve, and tell why where it cannot."""

from __future__ import annotations

import tenacity

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import EngineError, UnhealthyContainer

POLL_SECONDS = 0.25
LOG_LINES = 10


def wait_ready(ctx: Context, container_id: str, name: str) -> Container:
    """The container once it runs and is healthy; raises `UnhealthyContainer` with its last words.

    A container that ended, or was restarted by the engine, is given up at once.
    """
    within = ctx.settings.restart.healthy_within
    waiting = tenacity.Retrying(
        stop=tenacity.stop_after_delay(within),
        wait=tenacity.wait_fixed(POLL_SECONDS),
        retry=tenacity.retry_if_result(lambda found: not (found.ready or _dead(found))),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    found = waiting(_look, ctx, container_id, name)
    if found.ready:
        return found
    raise unhealthy(ctx, found, name, within)


def _look(ctx: Context, container_id: str, name: str) -> Container:
    found = ctx.engine.container(container_id)
    if found is None:
        raise EngineError("The container went away while it was waited for", where=name)
    return found


def _dead(found: Container) -> bool:
    # Before its first start a container is "created"; after that anything but running is the end.
    return found.status in ("exited", "dead") or found.restart_count > 0


def unhealthy(ctx: Context, found: Container, name: str, within: float) -> UnhealthyContainer:
    """The error that explains a container: state, last probe and last log lines."""
    state = f"{found.status}, exit code {found.exit_code}" if _dead(found) else found.health
    if found.oom_killed:
        state += ", out of memory"
    probe = [f"last probe: {found.last_probe}"] if found.last_probe else []
    return UnhealthyContainer(
        f"{name} did not become healthy within {within:.0f} s ({state or found.status})",
        where=name,
        todo="see the lines below; the release before it goes on serving",
        details=(*probe, *ctx.engine.logs(found.id, LOG_LINES)),
    )
