"""The trouble `scheduler`: the scheduler does not run the command."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context import Context
from cosmicdeploy.operations.diagnosis.checks.last_run import (
    LAST_RUN,
    LINES,
    LOCK,
    last_run,
    running_one,
    switched_off,
)
from cosmicdeploy.operations.diagnosis.finding import Finding, Trouble, ok, problem, warning
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
    found = ctx.container(name)
    if found is not None and found.is_running and found.health != "unhealthy":
        yield ok(CONTAINER, f"{name} runs{f', {found.health}' if found.health else ''}")
        return
    state = "has no container" if found is None else f"is {found.health or found.status}"
    runs = found is not None and found.is_running
    yield problem(
        CONTAINER,
        f"{name} {state}",
        f"cosmicdeploy restart {name}" if runs else "cosmicdeploy up",
        details=ctx.engine.logs(found.id, tail=LINES) if found else (),
        remedies=[restart(ctx, name) if runs else start(name, "scheduler")],
    )


def only_one(ctx: Context) -> Iterator[Finding]:
    """Check that no second scheduler does the same work."""
    found = second_schedulers(ctx)
    for orphan in found:
        yield problem(ONE, f"a second one runs: {orphan.container.name}", orphan.todo)
    if not found:
        yield ok(ONE, "no second scheduler runs")


def process(ctx: Context) -> Iterator[Finding]:
    """Check that the container's command is a live process in it."""
    found = running_one(ctx)
    if found is None:
        return
    word = found.command[-1] if found.command else ""
    theirs = [p for p in ctx.engine.processes(found.id) if word in p.command]
    if any(each.can_run for each in theirs):
        yield ok(PROCESS, f"{word} is alive")
        return
    name = found.service or found.name
    text = f"{word} is stopped by a signal" if theirs else f"no process of {word} runs"
    yield problem(PROCESS, text, f"cosmicdeploy restart {name}", remedies=[restart(ctx, name)])


def schedule(ctx: Context) -> Iterator[Finding]:
    """Check that the command is on the schedule and its feature is switched on.

    Runs one or two console commands in containers.
    """
    command, found = ctx.settings.verify.command, running_one(ctx)
    if command is None or found is None:
        return
    if off := switched_off(ctx):
        yield warning(
            SCHEDULE,
            f"{command} is switched off{off.noted}",
            f"cosmicdeploy features enable {off.name}",
        )
        return
    listing = ctx.run_console(found, *ctx.settings.verify.schedule)
    if command in listing.text:
        yield ok(SCHEDULE, f"{command} is on it")
        return
    yield problem(
        SCHEDULE,
        f"{command} is not on it (exit code {listing.exit_code})",
        "cosmicdeploy diagnose command",
        details=(listing.error_text or listing.text).splitlines()[-LINES:],
    )


TROUBLE = Trouble(
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
