"""How long Traefik takes to notice a drain file, or that a container is healthy.

Traefik follows the health that the engine reports, so the times of the container's own health check
decide: a container with the drain check is unhealthy after one failure, any other one only after
the failures in a row that its check allows.
"""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.creation.drain_check import DRAIN_INTERVAL
from cosmicdeploy.engine.facts import Container, HealthTimes
from cosmicdeploy.proxy.draining import drain_files
from cosmicdeploy.proxy.findings import Finding
from cosmicdeploy.text.formatting import counted

# In seconds: the bounds of a wait for the engine. The lower one leaves time for a busy host, the
# upper one ends the wait for a check that would fail only after hours.
AT_LEAST, AT_MOST = 60.0, 600.0
# In seconds: a check that needs longer is a flaw, since a rollout waits so long for each replica.
SLOW = 60.0


def drained_within(container: Container) -> float:
    """Return how many seconds the engine may take to call a container with a drain file unhealthy.

    Each failure of its check may take as long as the check's timeout.
    """
    return _bounded(_until_unhealthy(container.health_times))


def healthy_within(container: Container) -> float:
    """Return how many seconds the engine may take to call a container healthy.

    The container may still start, and its check may fail a few times before it passes.
    """
    times = container.health_times
    return _bounded(times.start_period + _until_unhealthy(times))


def slow_checks(ctx: Context) -> Iterator[Finding]:
    """Yield a finding for each replica whose drain file the engine notices too late."""
    for name in ctx.settings.services.app:
        container = ctx.container(name)
        if container is None or drain_files.drain_file(ctx, container) is None:
            continue
        times = container.health_times
        # Without the timeouts: a check that looks for the file first fails at once.
        seconds = times.retries * times.interval
        if seconds > SLOW:
            yield _slow(name, times, has_shell=drain_files.has_shell(ctx, ctx.service(name)))


def _slow(name: str, times: HealthTimes, *, has_shell: bool) -> Finding:
    by_deploy = f"the next deploy creates its container with a check each {DRAIN_INTERVAL:g} s"
    by_hand = "write `interval: 2s` and `retries: 1` into its healthcheck"
    return Finding(
        name,
        f"a health check that notices a drain file within {SLOW:g} s",
        f"up to {times.retries * times.interval:g} s ({counted(times.retries, 'failure')},"
        f" {times.interval:g} s apart)",
        "deploys",
        todo=by_deploy if has_shell else by_hand,
    )


def _until_unhealthy(times: HealthTimes) -> float:
    return times.retries * (times.interval + times.timeout)


def _bounded(seconds: float) -> float:
    return min(max(seconds, AT_LEAST), AT_MOST)
