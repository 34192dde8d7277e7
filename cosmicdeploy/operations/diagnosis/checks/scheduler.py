"""The problem `scheduler`: the scheduler does not run the command."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.diagnosis.checks.health.state import describe_state
from cosmicdeploy.operations.diagnosis.checks.last_run import (
    LAST_RUN,
    LOCK,
    LOG_LINES,
    last_run,
    running_scheduler,
    switched_off,
)
from cosmicdeploy.operations.diagnosis.finding import (
    Finding,
    KnownProblem,
    ok,
    problem,
    warning,
    works,
)
from cosmicdeploy.operations.diagnosis.remedies import restart, start
from cosmicdeploy.verification.orphans import second_schedulers

CONTAINER, ONE, PROCESS = "container", "only one", "process"
SCHEDULE = "schedule"


def container(ctx: Context) -> Iterator[Finding]:
    """Check that the scheduler's container runs and is healthy."""
    name = ctx.settings.services.scheduler
    if name is None:
        yield ok(CONTAINER, "services.scheduler is not configured")
        return
    scheduler = ctx.container(name)
    runs = scheduler is not None and scheduler.is_running
    if scheduler is not None and runs and scheduler.health != "unhealthy":
        health = f", {scheduler.health}" if scheduler.health else ""
        yield works(CONTAINER, [name], f"{name} runs{health}")
        return
    starts = scheduler is None or scheduler.can_be_started
    yield problem(
        CONTAINER,
        f"{name} {describe_state(scheduler)}",
        "cosmicdeploy up" if starts else f"cosmicdeploy restart {name}",
        details=ctx.engine.logs(scheduler.id, tail=LOG_LINES) if scheduler else (),
        remedies=[start(name, "scheduler") if starts else restart(ctx, name)],
        services=[name],
    )


def only_one(ctx: Context) -> Iterator[Finding]:
    """Check that no other container does the scheduler's work a second time."""
    orphans = second_schedulers(ctx)
    for orphan in orphans:
        yield problem(ONE, f"a second scheduler runs: {orphan.container.name}", orphan.todo)
    if not orphans:
        yield ok(ONE, "no second scheduler runs")


def process(ctx: Context) -> Iterator[Finding]:
    """Check that the process of the scheduler's command is alive in its container.

    Yields nothing if the container does not run.
    """
    scheduler = running_scheduler(ctx)
    if scheduler is None:
        return
    # The last word, such as schedule:work, says what the command does.
    word = scheduler.command[-1] if scheduler.command else ""
    processes = [p for p in ctx.engine.processes(scheduler.id) if word in p.command]
    if any(each.can_run for each in processes):
        yield ok(PROCESS, f"{word} is alive")
        return
    name = scheduler.service or scheduler.name
    text = f"{word} is stopped by a signal" if processes else f"no process of {word} runs"
    todo, remedies = f"cosmicdeploy restart {name}", [restart(ctx, name)]
    yield problem(PROCESS, text, todo, remedies=remedies, services=[name])


def schedule(ctx: Context) -> Iterator[Finding]:
    """Check that the command is on the schedule, and that its feature is switched on.

    Runs one or two console commands in containers. Yields nothing if `verify.command` is not
    configured or the scheduler does not run.
    """
    command, scheduler = ctx.settings.verify.command, running_scheduler(ctx)
    if command is None or scheduler is None:
        return
    if off := switched_off(ctx):
        yield warning(
            SCHEDULE,
            f"{command} is switched off{off.noted}",
            f"cosmicdeploy features enable {off.name}",
        )
        return
    listing = ctx.run_console(scheduler, *ctx.settings.verify.schedule)
    if command in listing.text:
        yield ok(SCHEDULE, f"{command} is on the schedule")
        return
    yield problem(
        SCHEDULE,
        f"{command} is not on the schedule (exit code {listing.exit_code})",
        "cosmicdeploy diagnose command",
        details=(listing.error_text or listing.text).splitlines()[-LOG_LINES:],
    )


PROBLEM = KnownProblem(
    name="scheduler",
    about="the scheduler does not run the command",
    checks={
        CONTAINER: container,
        ONE: only_one,
        PROCESS: process,
        SCHEDULE: schedule,
        f"{LOCK}, {LAST_RUN}": last_run,
    },
)
