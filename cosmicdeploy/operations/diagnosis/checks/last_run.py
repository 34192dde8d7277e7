"""Whether the scheduler began the command lately, and what keeps it from that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem
from cosmicdeploy.operations.diagnosis.remedies import OWN, restart
from cosmicdeploy.probes.application.features import FeatureState, running, states
from cosmicdeploy.probes.application.overlap_lock import OverlapLock, overlap_locks
from cosmicdeploy.steps.commands.unlock import Held, UnlockStep

LAST_RUN, LOCK = "last run", "overlap lock"
# What runs every minute has begun a run in so many seconds, some being for a host at work.
EVERY = 75
# The next minute, and what a run takes to begin.
NEXT_RUN = EVERY + 5.0
LINES = 10
# So far back a log is read, in seconds.
LOOK_BACK = 3600


def last_run(ctx: Context) -> Iterator[Finding]:
    """Whether the log shows a run that is not too old, and whether a lock is in its way."""
    command, found = ctx.settings.verify.command, running_one(ctx)
    if command is None:
        return
    age = _age_of_last_run(ctx, found, command) if found else None
    held = overlap_locks(ctx)
    if held and is_stale(age, scheduler=found is not None, holder=_holder(ctx, command)):
        yield _stale(held, command)
    elif held:
        since = f" that began {age:.0f} s ago" if age is not None else " at work"
        yield ok(LOCK, f"{', '.join(lock.description for lock in held)} is held by a run{since}")
    else:
        configured = ctx.settings.diagnose.overlap_lock
        yield ok(LOCK, "none is held" if configured else "diagnose.overlap_lock is not configured")
    if found is not None and not switched_off(ctx):
        yield _of_age(ctx, found, command, age)


def is_stale(age: float | None, *, scheduler: bool, holder: bool) -> bool:
    """Whether a lock is left behind: nobody who could hold it lives. A scheduler may run the
    command within itself; then its last run, `age` seconds ago, tells."""
    if holder:
        return False
    return not scheduler or age is None or age > EVERY


def _stale(held: Sequence[OverlapLock], command: str) -> Finding:
    names = ", ".join(lock.description for lock in held)
    step = UnlockStep(
        name="unlock", locks=tuple(Held(key=k.key, owner=k.owner, left=k.left) for k in held)
    )
    remove = Remedy(
        says=f"remove the lock {', '.join(lock.key for lock in held)}, and see the next run",
        command=OWN,
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
    return any(
        command in process.command
        for container in running(ctx).values()
        for process in ctx.engine.processes(container.id)
    )


def _of_age(ctx: Context, found: Container, command: str, age: float | None) -> Finding:
    if age is not None and age <= EVERY:
        return ok(LAST_RUN, f"{command} began {age:.0f} s ago")
    up = found.seconds_up
    if up <= EVERY:
        return ok(LAST_RUN, f"started {up:.0f} s ago: too recently to say more")
    name = found.service or found.name
    told = f"{age:.0f} s ago" if age is not None else f"not within {LOOK_BACK} s"
    return problem(
        LAST_RUN,
        f"{command} began {told}, by the log of {name}",
        f"cosmicdeploy logs {name}",
        details=ctx.engine.logs(found.id, tail=LINES),
        remedies=[restart(ctx, name)],
    )


def _age_of_last_run(ctx: Context, found: Container, command: str) -> float | None:
    """Seconds since its log told of a run in its present life; a line that says it was passed over
    is none."""
    now = datetime.now(UTC).timestamp()
    since = now - min(found.seconds_up, LOOK_BACK)
    begun = [
        line.at / 1e9
        for line in ctx.engine.log_entries(found.id, since=int(since * 1e9))
        if command in line.text and "skip" not in line.text.lower()
    ]
    return now - max(begun) if begun else None


def running_one(ctx: Context) -> Container | None:
    """The scheduler's container, where it runs."""
    name = ctx.settings.services.scheduler
    found = ctx.container(name) if name else None
    return found if found is not None and found.is_running else None


def switched_off(ctx: Context) -> FeatureState | None:
    """The feature that keeps the command from its schedule, where it is off."""
    feature = ctx.settings.verify.feature
    found = states(ctx, [feature]) if feature else []
    return next((state for state in found if state.enabled is False), None)
