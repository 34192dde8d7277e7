"""The trouble `unhealthy`: containers are unhealthy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.operations.diagnosis.checks.http import ANSWERS, PROXY, answers, through_the_proxy
from cosmicdeploy.operations.diagnosis.checks.log_file import LOG_FILE, log_file
from cosmicdeploy.operations.diagnosis.finding import Finding, Trouble, ok, problem, warning
from cosmicdeploy.operations.diagnosis.remedies import restart_or_replace, start_all
from cosmicdeploy.probes.readiness import serves_now
from cosmicdeploy.text.formatting import counted

CONTAINERS = "containers"
LINES = 10
# A container that the engine restarted and that is up for less than so many seconds is in a
# restart loop.
LOOP_SECONDS = 60
# The exit code of a process that was killed (128 + SIGKILL).
KILLED = 137
UP = "cosmicdeploy up"
# The engine does not count these as running, but they were not stopped.
LOOPING, PAUSED = "restarting", "paused"


def containers(ctx: Context) -> Iterator[Finding]:
    """Check each container's health, last probe, restarts, memory and exit code.

    Runs the health check in a container that the engine has not judged yet.
    """
    found = {name: ctx.container(name) for name in ctx.settings.services.all}
    away = [name for name, each in found.items() if _is_away(each)]
    well = 0
    for name, each in found.items():
        if each is None:
            yield problem(CONTAINERS, f"{name} has no container", UP, remedies=[start_all(away)])
        elif name in away:
            yield _stopped(ctx, name, each, away)
        elif each.status == PAUSED:
            yield problem(CONTAINERS, f"{name} is paused", f"docker unpause {each.name}")
        elif fault := _fault(ctx, each):
            yield _faulty(ctx, name, each, fault)
        else:
            well += 1
            yield from _restarted(name, each)
    if well:
        yield ok(CONTAINERS, f"{well} of {len(found)} running and healthy")


def _is_away(container: Container | None) -> bool:
    return container is None or not (container.is_running or container.status in (LOOPING, PAUSED))


def _stopped(ctx: Context, name: str, container: Container, away: Sequence[str]) -> Finding:
    how = f"exit code {container.exit_code}"
    if container.oom_killed:
        how += ", out of memory"
    elif container.exit_code == KILLED:
        how += ", killed"
    return problem(
        CONTAINERS,
        f"{name} is {container.status} ({how})",
        UP,
        details=ctx.engine.logs(container.id, tail=LINES),
        remedies=[start_all(away)],
    )


def _fault(ctx: Context, container: Container) -> str:
    """Return what is wrong with a running container; "" where nothing is."""
    loops = container.restart_count > 0 and container.seconds_up < LOOP_SECONDS
    if loops or container.status == LOOPING:
        times = counted(container.restart_count, "time")
        return f"ends again and again: {times}, exit code {container.exit_code}"
    if container.health == "unhealthy":
        return "is unhealthy"
    return "" if serves_now(ctx, container) else f"is {container.health or container.status}"


def _faulty(ctx: Context, name: str, container: Container, fault: str) -> Finding:
    memory = ", and ran out of memory" if container.oom_killed else ""
    probe = [f"last probe: {container.last_probe}"] if container.last_probe else []
    return problem(
        CONTAINERS,
        f"{name} {fault}{memory}",
        f"cosmicdeploy restart {name}",
        details=[*probe, *ctx.engine.logs(container.id, tail=LINES)],
        remedies=restart_or_replace(ctx, name),
    )


def _restarted(name: str, container: Container) -> Iterator[Finding]:
    """Warn of a container that runs, but that the engine has restarted before."""
    if container.restart_count:
        text = f"{name} ended and was restarted {counted(container.restart_count, 'time')}"
        yield warning(CONTAINERS, text, f"cosmicdeploy logs {name}")


TROUBLE = Trouble(
    name="unhealthy",
    about="containers are unhealthy",
    beneath=True,
    checks={
        CONTAINERS: containers,
        ANSWERS: answers,
        LOG_FILE: log_file,
        PROXY: through_the_proxy,
    },
)
