"""The scheduler does not run the command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container, Process
from cosmicdeploy.operations.diagnosis.finding import (
    Finding,
    Remedy,
    Trouble,
    ok,
    problem,
    warning,
)
from cosmicdeploy.operations.diagnosis.whose import COMMAND
from cosmicdeploy.operations.restart import wanted
from cosmicdeploy.probes.features import FeatureState, running, states
from cosmicdeploy.probes.overlap import HeldLock, overlap_locks
from cosmicdeploy.probes.strays import second_schedulers
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.restart import RestartStep
from cosmicdeploy.steps.unlock import Held, UnlockStep

CONTAINER, ONE, PROCESS = "container", "only one", "process"
SCHEDULE, LAST_RUN, LOCK = "schedule", "last run", "overlap lock"
# What runs every minute has begun a run in so many seconds, some being for a host at work.
EVERY = 75
# The next minute, and what a run takes to begin.
NEXT_RUN = EVERY + 5.0
LINES = 10
# So far back a log is read, in seconds.
LOOK_BACK = 3600


def container(ctx: Context) -> Iterator[Finding]:
    """Whether the container runs and is healthy."""
    name = ctx.settings.services.scheduler
    if name is None:
        yield ok(CONTAINER, "services.scheduler is not configured")
        return
    found = ctx.container(name)
    if found is not None and found.running and found.health != "unhealthy":
        yield ok(CONTAINER, f"{name} runs{f', {found.health}' if found.health else ''}")
        return
    state = "has no container" if found is None else f"is {found.health or found.status}"
    runs = found is not None and found.running
    yield problem(
        CONTAINER,
        f"{name} {state}",
        f"cosmicdeploy restart {name}" if runs else "cosmicdeploy up",
        details=ctx.engine.logs(found.id, tail=LINES) if found else (),
        remedies=[_restart(ctx, name) if runs else _start(name)],
    )


def _start(name: str) -> Remedy:
    start = RestartStep(name="start", roles=("scheduler",), missing_only=True)
    return Remedy(says=f"start {name}", command="up", steps=(RecoverStep(name="recover"), start))


def _restart(ctx: Context, name: str) -> Remedy:
    chosen = wanted(ctx, [name], every=False)
    return Remedy(
        says=f"restart {name}: the same container", command=chosen.command, steps=chosen.steps
    )


def only_one(ctx: Context) -> Iterator[Finding]:
    """Whether another one does its work as well."""
    found = second_schedulers(ctx)
    for stray in found:
        yield problem(ONE, f"a second one runs: {stray.container.name}", stray.todo)
    if not found:
        yield ok(ONE, "no second scheduler runs")


def process(ctx: Context) -> Iterator[Finding]:
    """Whether what the container was started for is alive in it."""
    found = _runs(ctx)
    if found is None:
        return
    word = found.command[-1] if found.command else ""
    theirs = [p for p in ctx.engine.processes(found.id) if word in p.command]
    if any(each.alive for each in theirs):
        yield ok(PROCESS, f"{word} is alive")
        return
    name = found.service or found.name
    told = f"{word} is stopped by a signal" if theirs else f"no process of {word} runs"
    yield problem(PROCESS, told, f"cosmicdeploy restart {name}", remedies=[_restart(ctx, name)])


def schedule(ctx: Context) -> Iterator[Finding]:
    """Whether the command is on the schedule, and whether its feature is switched on."""
    command, found = ctx.settings.verify.command, _runs(ctx)
    if command is None or found is None:
        return
    if off := _switched_off(ctx):
        yield warning(
            SCHEDULE,
            f"{command} is switched off{off.noted}",
            f"cosmicdeploy features enable {off.name}",
        )
        return
    listing = ctx.engine.exec(found.id, ctx.console(*ctx.settings.verify.schedule))
    if command in listing.text:
        yield ok(SCHEDULE, f"{command} is on it")
        return
    said = (listing.error_text or listing.text).splitlines()[-LINES:]
    yield problem(
        SCHEDULE,
        f"{command} is not on it (exit code {listing.exit_code})",
        "cosmicdeploy diagnose command",
        details=said,
    )


def _switched_off(ctx: Context) -> FeatureState | None:
    feature = ctx.settings.verify.feature
    found = states(ctx, [feature]) if feature else []
    return next((state for state in found if state.enabled is False), None)


def last_run(ctx: Context) -> Iterator[Finding]:
    """Whether the log shows a run that is not too old, and whether a lock is in its way."""
    command, found = ctx.settings.verify.command, _runs(ctx)
    if command is None:
        return
    age = _age_of_last_run(ctx, found, command) if found else None
    held = overlap_locks(ctx)
    if held and is_stale(age, scheduler=found is not None, holder=_holder(ctx, command)):
        yield _stale(held, command)
    elif held:
        yield ok(LOCK, f"{', '.join(lock.told for lock in held)} is of a run at work")
    else:
        configured = ctx.settings.diagnose.overlap_lock
        yield ok(LOCK, "none is held" if configured else "diagnose.overlap_lock is not configured")
    if found is not None and not _switched_off(ctx):
        yield _of_age(ctx, found, command, age)


def is_stale(age: float | None, *, scheduler: bool, holder: bool) -> bool:
    """Whether a lock is left behind: nobody who could hold it lives. A scheduler may run the
    command within itself; then its last run, `age` seconds ago, tells."""
    if holder:
        return False
    return not scheduler or age is None or age > EVERY


def _stale(held: Sequence[HeldLock], command: str) -> Finding:
    names = ", ".join(lock.told for lock in held)
    step = UnlockStep(
        name="unlock", locks=tuple(Held(key=k.key, owner=k.owner, left=k.left) for k in held)
    )
    remove = Remedy(
        says=f"remove the lock {', '.join(lock.key for lock in held)}, and see the next run",
        command=COMMAND,
        steps=(step,),
        shows_within=NEXT_RUN,
    )
    return problem(
        LOCK,
        f"{names} is left behind: no run of {command} holds it, and none begins while it is there",
        "cosmicdeploy diagnose scheduler --fix",
        remedies=[remove],
    )


def _holder(ctx: Context, command: str) -> bool:
    """Whether a process of its own runs the command, in whichever container."""
    found: list[Process] = []
    for each in running(ctx).values():
        found += ctx.engine.processes(each.id)
    return any(command in each.command for each in found)


def _of_age(ctx: Context, found: Container, command: str, age: float | None) -> Finding:
    if age is not None and age <= EVERY:
        return ok(LAST_RUN, f"{command} began {age:.0f} s ago")
    up = _seconds_up(found)
    if up <= EVERY:
        return ok(LAST_RUN, f"started {up:.0f} s ago: too recently to say more")
    name = found.service or found.name
    told = f"{age:.0f} s ago" if age is not None else f"not within {LOOK_BACK} s"
    return problem(
        LAST_RUN,
        f"{command} began {told}, by the log of {name}",
        f"cosmicdeploy logs {name}",
        details=ctx.engine.logs(found.id, tail=LINES),
        remedies=[_restart(ctx, name)],
    )


def _age_of_last_run(ctx: Context, found: Container, command: str) -> float | None:
    """Seconds since its log told of a run in its present life; a line that says it was passed over
    is none."""
    now = datetime.now(UTC).timestamp()
    since = now - min(_seconds_up(found), LOOK_BACK)
    begun = [
        line.at / 1e9
        for line in ctx.engine.log_entries(found.id, since=int(since * 1e9))
        if command in line.text and "skip" not in line.text.lower()
    ]
    return now - max(begun) if begun else None


def _runs(ctx: Context) -> Container | None:
    name = ctx.settings.services.scheduler
    found = ctx.container(name) if name else None
    return found if found is not None and found.running else None


def _seconds_up(found: Container) -> float:
    started = datetime.fromisoformat(found.started_at[:19]).replace(tzinfo=UTC)
    return (datetime.now(UTC) - started).total_seconds()


TROUBLE = Trouble(
    name="scheduler",
    about="the scheduler does not run the command",
    checks={
        CONTAINER: container,
        ONE: only_one,
        PROCESS: process,
        SCHEDULE: schedule,
        LAST_RUN: last_run,
    },
)
