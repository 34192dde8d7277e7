"""The problem `unhealthy`: containers are unhealthy, stopped or paused."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.operations.diagnosis.checks.health.http import (
    ANSWERS,
    PROXY,
    answers,
    through_the_proxy,
)
from cosmicdeploy.operations.diagnosis.checks.health.log_file import LOG_FILE, log_file
from cosmicdeploy.operations.diagnosis.checks.health.networks import NETWORKS, networks
from cosmicdeploy.operations.diagnosis.checks.health.state import describe_state
from cosmicdeploy.operations.diagnosis.finding import (
    Finding,
    KnownProblem,
    Remedy,
    problem,
    warning,
    works,
)
from cosmicdeploy.operations.diagnosis.remedies import restart_or_replace, start_all
from cosmicdeploy.probes.crash_log import last_log_lines
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.text.formatting import counted

CONTAINERS = "containers"
# If the engine restarted a container less than this many seconds ago, it is in a restart loop.
LOOP_SECONDS = 60
UP = "cosmicdeploy up"
RESTARTING = "restarting"


def containers(ctx: Context) -> Iterator[Finding]:
    """Check each container's health, last probe, restarts, memory and exit code.

    If the engine has no result of a container's health check yet, runs the check in the container.
    """
    all_containers = {name: ctx.container(name) for name in ctx.settings.services.all}
    down = {n: each for n, each in all_containers.items() if each is None or each.can_be_started}
    healthy = []
    for name, each in all_containers.items():
        if each is None or name in down:
            yield _down_finding(ctx, name, each, start_all(down))
        elif fault := _fault(ctx, each):
            yield _faulty_finding(ctx, name, each, fault)
        else:
            healthy.append(name)
            yield from _restart_warning(name, each)
    if healthy:
        total = len(all_containers)
        yield works(CONTAINERS, healthy, lambda n: f"{len(n)} of {total} running and healthy")


def _down_finding(ctx: Context, name: str, container: Container | None, remedy: Remedy) -> Finding:
    """Return the finding for a service without a container, or with a stopped or paused one."""
    return problem(
        CONTAINERS,
        f"{name} {describe_state(container)}",
        UP,
        # The log of a paused container does not say who paused it.
        details=last_log_lines(ctx, container)
        if container is not None and not container.is_paused
        else (),
        remedies=[remedy],
        services=[name],
    )


def _fault(ctx: Context, container: Container) -> str:
    """Return what is wrong with a container that is active; "" if nothing is wrong."""
    loops = container.restart_count > 0 and container.seconds_up < LOOP_SECONDS
    if loops or container.status == RESTARTING:
        restarts = counted(container.restart_count, "restart")
        return f"keeps exiting ({restarts}), exit code {container.exit_code}"
    if container.health == "unhealthy":
        return "is unhealthy"
    return "" if serves_now(ctx, container) else describe_state(container)


def _faulty_finding(ctx: Context, name: str, container: Container, fault: str) -> Finding:
    memory = ", and ran out of memory" if container.oom_killed else ""
    probe = [f"last probe: {container.last_probe}"] if container.last_probe else []
    return problem(
        CONTAINERS,
        f"{name} {fault}{memory}",
        f"cosmicdeploy restart {name}",
        details=[*probe, *last_log_lines(ctx, container)],
        remedies=restart_or_replace(ctx, name),
        services=[name],
    )


def _restart_warning(name: str, container: Container) -> Iterator[Finding]:
    """Warn if the engine has restarted a container that runs now."""
    if container.restart_count:
        text = f"{name} ended and was restarted {counted(container.restart_count, 'time')}"
        yield warning(CONTAINERS, text, f"cosmicdeploy logs {name}")


PROBLEM = KnownProblem(
    name="unhealthy",
    about="containers are unhealthy, stopped or paused",
    fix_first=True,
    checks={
        CONTAINERS: containers,
        NETWORKS: networks,
        ANSWERS: answers,
        LOG_FILE: log_file,
        PROXY: through_the_proxy,
    },
)
