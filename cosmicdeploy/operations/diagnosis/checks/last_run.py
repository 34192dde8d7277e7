"""Check that the scheduler has run the command lately, and that no stale lock prevents it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem
from cosmicdeploy.operations.diagnosis.remedies import OWN, restart
from cosmicdeploy.probes.application.features import running, states
from cosmicdeploy.probes.application.overlap_lock import OverlapLock, overlap_locks
from cosmicdeploy.probes.result import FeatureState
from cosmicdeploy.steps.commands.unlock import Held, UnlockStep

LAST_RUN, LOCK = "last run", "overlap lock"
# A command that runs every minute has begun a run within so many seconds, also on a loaded host.
EVERY = 75
# Seconds until the next run shows: the next minute, and the time that a run takes to begin.
NEXT_RUN = EVERY + 5.0
LINES = 10
# How far back the log is read, in seconds.
LOOK_BACK = 3600


def last_run(ctx: Context) -> Iterator[Finding]:
    """Check that the log shows a recent run, and that no stale lock prevents the next one."""
    command, container = ctx.settings.verify.command, running_one(ctx)
    if command is None:
        return
    age = _age_of_last_run(ctx, container, command) if container else None
    held = overlap_locks(ctx)
    if held and is_stale(age, scheduler=container is not None, holder=_holder(ctx, command)):
        yield _stale(held, command)
    elif held:
        since = f" that began {age:.0f} s ago" if age is not None else " at work"
        yield ok(LOCK, f"{', '.join(lock.description for lock in held)} is held by a run{since}")
    else:
        configured = ctx.settings.diagnose.overlap_lock
        yield ok(LOCK, "none is held" if configured else "diagnose.overlap_lock is not configured")
    if container is not None and not switched_off(ctx):
        yield _of_age(ctx, container, command, age)


def is_stale(age: float | None, *, scheduler: bool, holder: bool) -> bool:
    """Whether an overlap lock is stale: no process that could hold it is alive.

    `holder` says whether a process runs the command. A scheduler may run the command within its own
    process; then the `age` of the last run, in seconds, decides.
    """
    if holder:
        return False
    return not scheduler or age is None or age > EVERY


def _stale(held: Sequence[OverlapLock], command: str) -> Finding:
    names = ", ".join(lock.description for lock in held)
    step = UnlockStep(
        name="unlock", locks=tuple(Held(key=k.key, owner=k.owner, left=k.left) for k in held)
    )
    remove = Remedy(
        says=f"remove the lock {', '.join(lock.key for lock in held)}, then wait for the next run",
        command=OWN,
        steps=(step,),
        shows_within=NEXT_RUN,
    )
    return problem(
        LOCK,
        f"{names} is stale: no run of {command} holds it, and none begins while it exists",
        "cosmicdeploy diagnose scheduler --fix",
        remedies=[remove],
    )


def _holder(ctx: Context, command: str) -> bool:
    """Whether a process runs the command in any container of the release."""
    return any(
        command in process.command
        for container in running(ctx).values()
        for process in ctx.engine.processes(container.id)
    )


def _of_age(ctx: Context, container: Container, command: str, age: float | None) -> Finding:
    if age is not None and age <= EVERY:
        return ok(LAST_RUN, f"{command} began {age:.0f} s ago")
    up = container.seconds_up
    if up <= EVERY:
        return ok(LAST_RUN, f"started {up:.0f} s ago: too recently to say more")
    name = container.service or container.name
    when = f"{age:.0f} s ago" if age is not None else f"not within {LOOK_BACK} s"
    return problem(
        LAST_RUN,
        f"{command} began {when}, by the log of {name}",
        f"cosmicdeploy logs {name}",
        details=ctx.engine.logs(container.id, tail=LINES),
        remedies=[restart(ctx, name)],
    )


def _age_of_last_run(ctx: Context, container: Container, command: str) -> float | None:
    """Return the seconds since the log's last run after the container's start; None for no run.

    A line that says that the run was skipped does not count.
    """
    now = datetime.now(UTC).timestamp()
    since = now - min(container.seconds_up, LOOK_BACK)
    begun = [
        line.at / 1e9
        for line in ctx.engine.timed_log_lines(container.id, since=int(since * 1e9))
        if command in line.text and "skip" not in line.text.lower()
    ]
    return now - max(begun) if begun else None


def running_one(ctx: Context) -> Container | None:
    """Return the scheduler's container; None where it does not run."""
    name = ctx.settings.services.scheduler
    container = ctx.container(name) if name else None
    return container if container is not None and container.is_running else None


def switched_off(ctx: Context) -> FeatureState | None:
    """Return the feature that keeps the command off its schedule; None where it is on."""
    feature = ctx.settings.verify.feature
    features = states(ctx, [feature]) if feature else []
    return next((state for state in features if state.enabled is False), None)
