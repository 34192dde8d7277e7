"""The problem `unhealthy`: containers are unhealthy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.operations.diagnosis.checks.http import ANSWERS, PROXY, answers, through_the_proxy
from cosmicdeploy.operations.diagnosis.checks.log_file import LOG_FILE, log_file
from cosmicdeploy.operations.diagnosis.finding import Finding, KnownProblem, ok, problem, warning
from cosmicdeploy.operations.diagnosis.remedies import restart_or_replace, start_all
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.text.formatting import counted

CONTAINERS = "containers"
# Lines of output or of a log that are shown.
LOG_LINES = 10
# If the engine restarted a container less than this many seconds ago, it is in a restart loop.
LOOP_SECONDS = 60
# The exit code of a process that was killed (128 + SIGKILL).
KILLED = 137
UP = "cosmicdeploy up"
# States of a container that does not count as running, although it was not stopped.
RESTARTING, PAUSED = "restarting", "paused"


def containers(ctx: Context) -> Iterator[Finding]:
    """Check each container's health, last probe, restarts, memory and exit code.

    If the engine has no result of a container's health check yet, runs the check in the container.
    """
    all_containers = {name: ctx.container(name) for name in ctx.settings.services.all}
    stopped = [name for name, each in all_containers.items() if _is_stopped(each)]
    healthy = 0
    for name, each in all_containers.items():
        if each is None:
            yield problem(CONTAINERS, f"{name} has no container", UP, remedies=[start_all(stopped)])
        elif name in stopped:
            yield _stopped_finding(ctx, name, each, stopped)
        elif each.status == PAUSED:
            yield problem(CONTAINERS, f"{name} is paused", f"docker unpause {each.name}")
        elif fault := _fault(ctx, each):
            yield _faulty_finding(ctx, name, each, fault)
        else:
            healthy += 1
            yield from _restart_warning(name, each)
    if healthy:
        yield ok(CONTAINERS, f"{healthy} of {len(all_containers)} running and healthy")


def _is_stopped(container: Container | None) -> bool:
    """Whether the service has no container, or one that was stopped or has ended."""
    if container is None:
        return True
    return not container.is_running and container.status not in (RESTARTING, PAUSED)


def _stopped_finding(
    ctx: Context, name: str, container: Container, stopped: Sequence[str]
) -> Finding:
    reason = f"exit code {container.exit_code}"
    if container.oom_killed:
        reason += ", out of memory"
    elif container.exit_code == KILLED:
        reason += ", killed"
    return problem(
        CONTAINERS,
        f"{name} is {container.status} ({reason})",
        UP,
        details=ctx.engine.logs(container.id, tail=LOG_LINES),
        remedies=[start_all(stopped)],
    )


def _fault(ctx: Context, container: Container) -> str:
    """Return what is wrong with a container that was not stopped; "" if nothing is wrong."""
    loops = container.restart_count > 0 and container.seconds_up < LOOP_SECONDS
    if loops or container.status == RESTARTING:
        times = counted(container.restart_count, "time")
        return f"keeps ending: {times}, exit code {container.exit_code}"
    if container.health == "unhealthy":
        return "is unhealthy"
    return "" if serves_now(ctx, container) else f"is {container.health or container.status}"


def _faulty_finding(ctx: Context, name: str, container: Container, fault: str) -> Finding:
    memory = ", and ran out of memory" if container.oom_killed else ""
    probe = [f"last probe: {container.last_probe}"] if container.last_probe else []
    return problem(
        CONTAINERS,
        f"{name} {fault}{memory}",
        f"cosmicdeploy restart {name}",
        details=[*probe, *ctx.engine.logs(container.id, tail=LOG_LINES)],
        remedies=restart_or_replace(ctx, name),
    )


def _restart_warning(name: str, container: Container) -> Iterator[Finding]:
    """Warn if the engine has restarted a container that runs now."""
    if container.restart_count:
        text = f"{name} ended and was restarted {counted(container.restart_count, 'time')}"
        yield warning(CONTAINERS, text, f"cosmicdeploy logs {name}")


PROBLEM = KnownProblem(
    name="unhealthy",
    about="containers are unhealthy",
    fix_first=True,
    checks={
        CONTAINERS: containers,
        ANSWERS: answers,
        LOG_FILE: log_file,
        PROXY: through_the_proxy,
    },
)
