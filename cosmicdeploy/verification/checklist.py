"""The verification checklist: its points by name. None of them changes anything; the heartbeat is a
device's ordinary beat."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from cosmicdeploy.concurrency import map_in_background
from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.proxy.check import proxy
from cosmicdeploy.text.suggest import did_you_mean
from cosmicdeploy.verification import application_checks, container_checks
from cosmicdeploy.verification.orphans import strays_check

Check = Callable[[Context], CheckResult]
CHECKS: Mapping[str, Check] = {
    "containers": container_checks.containers,
    "images": container_checks.images,
    "strays": strays_check,
    "schema": application_checks.schema,
    "health": container_checks.health,
    "scheduler": application_checks.scheduler,
    "monitor": application_checks.monitor,
    "heartbeat": application_checks.heartbeat,
    "proxy": proxy,
}

# They run commands of the application's console, which take most of the time.
CONSOLE = ("scheduler", "monitor")


def known_points(names: Sequence[str]) -> tuple[str, ...]:
    """The points of these names, each once; raises `UsageError` for one that there is not."""
    for name in names:
        if name not in CHECKS:
            raise UsageError(
                f"There is no point {name!r}",
                where=f"the points are {', '.join(CHECKS)}",
                todo=did_you_mean(name, CHECKS) or "name one of them",
            )
    return tuple(dict.fromkeys(names))


def run_checks(ctx: Context, points: Sequence[str]) -> list[CheckResult]:
    """The points' results, in their order. The console's commands take most of the time: the others
    are looked at meanwhile. Several of them at once are felt by clients of a small host."""
    ctx = ctx.at_a_glance()
    slow = [point for point in points if point in CONSOLE]
    told = map_in_background(partial(run_check, ctx), slow)
    found = {point: run_check(ctx, point) for point in points if point not in CONSOLE}
    found |= zip(slow, told(), strict=True)
    return [found[point] for point in points]


def run_check(ctx: Context, point: str) -> CheckResult:
    """One point; an error on the way is a finding of its own."""
    started = time.monotonic()
    try:
        found = CHECKS[point](ctx)
    except CosmicError as error:
        told = f"{error.what} ({error.where})" if error.where else error.what
        found = CheckResult(
            point=point, ok=False, expected="an answer", found=told, todo=error.todo
        )
    return replace(found, seconds=round(time.monotonic() - started, 3))
