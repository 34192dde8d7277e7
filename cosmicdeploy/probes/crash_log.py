"""Read the last log lines of a container that ended, even if the engine has restarted it."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable

LOG_LINES = 10
# How many of the last lines are searched for the lines before the restart.
SEARCHED_LINES = 500


def last_log_lines(ctx: Context, container: Container) -> Sequence[str]:
    """Return the container's last `LOG_LINES` log lines.

    If the engine has restarted the container and it runs again, returns the last lines before its
    present start, which say why it ended. If there are no such lines, returns the last lines of the
    log. If the log cannot be read, for example because of its logging driver, the only line says
    so: an error here must not hide why the container failed. Raises `EngineUnavailable`.
    """
    try:
        return _last_lines(ctx, container)
    except EngineUnavailable:
        raise
    except EngineError as error:
        return (f"the log cannot be read: {error.what}",)


def _last_lines(ctx: Context, container: Container) -> Sequence[str]:
    if container.restart_count and container.is_running:
        lines = ctx.engine.timed_log_lines(container.id, tail=SEARCHED_LINES)
        started = container.started_unix * 1e9
        if before := [line.text for line in lines if line.at < started]:
            return before[-LOG_LINES:]
    return ctx.engine.logs(container.id, tail=LOG_LINES)


def how_it_ended(container: Container) -> str:
    """Return how a container ended: its state and exit code, or that the engine restarted it.

    The engine does not keep the exit code of a container that it has restarted. A paused container
    has not ended, but does not run either.
    """
    if container.is_running:
        text = "it ended and was restarted"
    elif container.is_paused:
        text = container.status
    else:
        text = f"{container.status}, exit code {container.exit_code}"
    return f"{text}, out of memory" if container.oom_killed else text
