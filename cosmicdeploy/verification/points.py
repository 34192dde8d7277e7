"""The points of the verification by name, and how to run them.

No check changes the stack, but `heartbeat` sends a heartbeat that the application stores, and
`scheduler` and `monitor` run console commands in containers. Without `verify.dry_run`, `monitor`
runs `verify.command` itself, with all that this changes; a notice says so before each run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.process.concurrency import map_in_background
from cosmicdeploy.proxy.check import proxy
from cosmicdeploy.text.suggest import did_you_mean
from cosmicdeploy.verification import application_checks, container_checks
from cosmicdeploy.verification.health import health
from cosmicdeploy.verification.orphans import orphans

Check = Callable[[Context], CheckResult]
CHECKS: Mapping[str, Check] = {
    "containers": container_checks.containers,
    "images": container_checks.images,
    "orphans": orphans,
    "schema": application_checks.schema,
    "health": health,
    "scheduler": application_checks.scheduler,
    "monitor": application_checks.monitor,
    "heartbeat": application_checks.heartbeat,
    "proxy": proxy,
}
# Former name → current name. Playbooks may use both.
RENAMED: Mapping[str, str] = {"strays": "orphans"}

# The points that run console commands of the application, which are slow.
CONSOLE_POINTS = ("scheduler", "monitor")


def current_name(point: str) -> str:
    """Return the current name of a point; any other name is returned unchanged."""
    return RENAMED.get(point, point)


def known_points(names: Sequence[str]) -> tuple[str, ...]:
    """Return the current names of these points, each once.

    Raises `UsageError` for an unknown name.
    """
    points = [current_name(name) for name in names]
    for point in points:
        if point not in CHECKS:
            raise UsageError(
                f"There is no point {point!r}",
                where="points of the verification",
                todo=did_you_mean(point, CHECKS) or f"choose from {', '.join(CHECKS)}",
            )
    return tuple(dict.fromkeys(points))


def run_checks(ctx: Context, points: Sequence[str]) -> list[CheckResult]:
    """Check the points and return their results in the given order.

    The slow points run in the background, but one after the other, and each runs its commands one
    after the other: on a small host, several console commands at the same time would slow down the
    responses to clients.
    """
    ctx = ctx.with_cached_facts()
    slow = [point for point in points if point in CONSOLE_POINTS]
    slow_results = map_in_background(partial(run_check, ctx), slow)
    results = {point: run_check(ctx, point) for point in points if point not in CONSOLE_POINTS}
    results |= zip(slow, slow_results(), strict=True)
    return [results[point] for point in points]


def run_check(ctx: Context, point: str) -> CheckResult:
    """Check one point; an error in the check makes the point fail."""
    started = time.monotonic()
    try:
        result = CHECKS[point](ctx)
    except CosmicError as error:
        text = f"{error.what} ({error.where})" if error.where else error.what
        result = CheckResult(
            point=point, ok=False, expected="an answer", found=text, todo=error.todo
        )
    return result.model_copy(update={"seconds": round(time.monotonic() - started, 3)})
