"""Require that the trials of new images run for a while: a release may crash once it is ready."""

from __future__ import annotations

import time
from collections.abc import Iterable

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.probes.crash_log import how_it_ended, last_log_lines

CHECK_EVERY_SECONDS = 0.5


def require_stable(ctx: Context, trials: Iterable[Container]) -> float:
    """Wait until each trial has run for `restart.stable_for` seconds; return the seconds waited.

    The time counts from the start of a trial, so the migrations and other checks since its start
    are part of it. For a trial whose start this run did not see, it counts from now. Raises
    `UnhealthyContainer`, with the last log lines, as soon as a trial has ended, was removed, has
    restarted or has become unhealthy.
    """
    trials, began = list(trials), time.monotonic()
    started = [ctx.run.trials_began.get(each.id, began) for each in trials]
    until = max(started, default=began) + ctx.settings.restart.stable_for
    if until - began >= CHECK_EVERY_SECONDS:
        ctx.say(f"the new image has to run for {until - began:.0f} s more: restart.stable_for")
    while True:
        ctx.safe_point()
        for each in trials:
            _require_running(ctx, each)
        if (left := until - time.monotonic()) <= 0:
            return time.monotonic() - began
        ctx.sleep(min(CHECK_EVERY_SECONDS, left))


def _require_running(ctx: Context, trial: Container) -> None:
    """Raise `UnhealthyContainer` if the trial has not kept running since it became ready."""
    container = ctx.engine.container(trial.id)
    if container is None:
        problem = "its container was removed"
    elif not container.is_running or container.restart_count:
        problem = how_it_ended(container)
    elif container.health == "unhealthy":
        problem = f"unhealthy: {container.last_probe}" if container.last_probe else "unhealthy"
    else:
        return
    raise UnhealthyContainer(
        f"The new image became ready, but did not keep running ({problem}); no replica was touched",
        where=f"preflight of {trial.service}",
        todo="correct the release; `restart.stable_for` says how long it has to run before the"
        " first replica is replaced",
        details=last_log_lines(ctx, container) if container else (),
    )
