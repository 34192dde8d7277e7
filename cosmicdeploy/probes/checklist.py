"""The verification checklist: its points by name. None of them changes anything; the heartbeat is a
device's ordinary beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes import application_checks, container_checks
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.probes.strays import strays_check
from cosmicdeploy.proxy.check import proxy

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


def run_check(ctx: Context, point: str) -> CheckResult:
    """One point; an error on the way is a finding of its own."""
    try:
        return CHECKS[point](ctx)
    except CosmicError as error:
        return CheckResult(
            point=point, ok=False, expected="an answer", found=str(error), todo=error.todo
        )
