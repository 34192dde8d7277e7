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
        elif ill := _ill(ctx, each):
            yield _sick(ctx, name, each, ill)
        else:
            well += 1
            yield from _restarted(name, each)
    if well:
        yield ok(CONTAINERS, f"{well} of {len(found)} running and healthy")


def _is_away(found: Container | None) -> bool:
    return found is None or not (found.is_running or found.status in (LOOPING, PAUSED))


def _stopped(ctx: Context, name: str, found: Container, away: Sequence[str]) -> Finding:
    how = f"exit code {found.exit_code}"
    if found.oom_killed:
        how += ", out of memory"
    elif found.exit_code == KILLED:
        how += ", killed"
    return problem(
        CONTAINERS,
        f"{name} is {found.status} ({how})",
        UP,
        details=ctx.engine.logs(found.id, tail=LINES),
        remedies=[start_all(away)],
    )


def _ill(ctx: Context, found: Container) -> str:
    """Return what is wrong with a running container; "" where nothing is."""
    loops = found.restart_count > 0 and found.seconds_up < LOOP_SECONDS
    if loops or found.status == LOOPING:
        times = counted(found.restart_count, "time")
        return f"ends again and again: {times}, exit code {found.exit_code}"
    if found.health == "unhealthy":
        return "is unhealthy"
    return "" if serves_now(ctx, found) else f"is {found.health or found.status}"


def _sick(ctx: Context, name: str, found: Container, ill: str) -> Finding:
    memory = ", and ran out of memory" if found.oom_killed else ""
    probe = [f"last probe: {found.last_probe}"] if found.last_probe else []
    return problem(
        CONTAINERS,
        f"{name} {ill}{memory}",
        f"cosmicdeploy restart {name}",
        details=[*probe, *ctx.engine.logs(found.id, tail=LINES)],
        remedies=restart_or_replace(ctx, name),
    )


def _restarted(name: str, found: Container) -> Iterator[Finding]:
    """Warn of a container that runs, but that the engine has restarted before."""
    if found.restart_count:
        told = f"{name} ended and was restarted {counted(found.restart_count, 'time')}"
        yield warning(CONTAINERS, told, f"cosmicdeploy logs {name}")


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
