"""The verification checklist: its points by name. None of them changes anything; the heartbeat is a
device's ordinary beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes import application_checks, container_checks
from cosmicdeploy.probes.result import CheckResult

Check = Callable[[Context], CheckResult]
CHECKS: Mapping[str, Check] = {
    "containers": container_checks.containers,
    "images": container_checks.images,
    "schema": application_checks.schema,
    "health": container_checks.health,
    "scheduler": application_checks.scheduler,
    "monitor": application_checks.monitor,
    "heartbeat": application_checks.heartbeat,
}


def run_checks(ctx: Context, points: Sequence[str]) -> list[CheckResult]:
    """The points' results, in their order. They are looked at side by side: most of the time of
    each is a console that starts."""
    with ThreadPoolExecutor(max_workers=len(points) or 1) as pool:
        return list(pool.map(partial(run_check, ctx), points))


def run_check(ctx: Context, point: str) -> CheckResult:
    """One point; an error on the way is a finding of its own."""
    try:
        return CHECKS[point](ctx)
    except CosmicError as error:
        return CheckResult(
            point=point, ok=False, expected="an answer", found=str(error), todo=error.todo
        )
