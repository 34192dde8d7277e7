"""The verification of a release: its points by name.

No point changes the stack. `heartbeat` sends one ordinary heartbeat of the configured device, which
the application stores; `scheduler` and `monitor` run console commands in a container.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from cosmicdeploy.concurrency import map_in_background
from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.proxy.check import proxy
from cosmicdeploy.text.suggest import did_you_mean
from cosmicdeploy.verification import application_checks, container_checks
from cosmicdeploy.verification.orphans import orphans

Check = Callable[[Context], CheckResult]
CHECKS: Mapping[str, Check] = {
    "containers": container_checks.containers,
    "images": container_checks.images,
    "orphans": orphans,
    "schema": application_checks.schema,
    "health": container_checks.health,
    "scheduler": application_checks.scheduler,
    "monitor": application_checks.monitor,
    "heartbeat": application_checks.heartbeat,
    "proxy": proxy,
}
# Names of earlier versions, in playbooks, scripts and journals.
RENAMED: Mapping[str, str] = {"strays": "orphans"}

# Points that run commands of the application's console, which take most of the time.
CONSOLE = ("scheduler", "monitor")


def current_name(point: str) -> str:
    """Return today's name of a point; a name that is not known is returned as it is."""
    return RENAMED.get(point, point)


def known_points(names: Sequence[str]) -> tuple[str, ...]:
    """Return the points with these names, each once.

    Raises `UsageError` for an unknown name.
    """
    points = [current_name(name) for name in names]
    for point in points:
        if point not in CHECKS:
            raise UsageError(
                f"There is no point {point!r}",
                where=f"the points are {', '.join(CHECKS)}",
                todo=did_you_mean(point, CHECKS) or "name one of them",
            )
    return tuple(dict.fromkeys(points))


def run_checks(ctx: Context, points: Sequence[str]) -> list[CheckResult]:
    """Check the points and return their results in the given order.

    The console's commands take most of the time and run in the background, one after the other:
    several at once slow down the answers to clients on a small host.
    """
    ctx = ctx.with_cached_facts()
    slow = [point for point in points if point in CONSOLE]
    slow_results = map_in_background(partial(run_check, ctx), slow)
    results = {point: run_check(ctx, point) for point in points if point not in CONSOLE}
    results |= zip(slow, slow_results(), strict=True)
    return [results[point] for point in points]


def run_check(ctx: Context, point: str) -> CheckResult:
    """Check one point; an error on the way makes the point fail."""
    started = time.monotonic()
    try:
        result = CHECKS[point](ctx)
    except CosmicError as error:
        text = f"{error.what} ({error.where})" if error.where else error.what
        result = CheckResult(
            point=point, ok=False, expected="an answer", found=text, todo=error.todo
        )
    return result.model_copy(update={"seconds": round(time.monotonic() - started, 3)})
