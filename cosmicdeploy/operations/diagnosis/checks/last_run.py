"""Check that the scheduler has run the command recently, and that no stale lock prevents it.

This lock is the application's overlap lock, not the deploy lock. It keeps two runs of the same
command from overlapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.operations.diagnosis.finding import Finding, Remedy, ok, problem
from cosmicdeploy.operations.diagnosis.remedies import DIAGNOSE_FIX, restart
from cosmicdeploy.probes.application.features import running, states
from cosmicdeploy.probes.application.overlap_lock import OverlapLock, overlap_locks
from cosmicdeploy.probes.result import FeatureState
from cosmicdeploy.steps.commands.unlock import Held, UnlockStep

LAST_RUN, LOCK = "last run", "overlap lock"
# A command that runs every minute has begun a run within this many seconds, even on a loaded host.
MAX_RUN_AGE = 75
# Seconds within which the checks can see the next run.
NEXT_RUN_WITHIN = MAX_RUN_AGE + 5.0
# Lines of output or of a log that are shown.
LOG_LINES = 10
# How far back the log is read, in seconds.
LOOK_BACK_SECONDS = 3600


def last_run(ctx: Context) -> Iterator[Finding]:
    """Check that the log shows a recent run, and that no stale lock prevents the next one.

    Yields nothing if `verify.command` is not configured. Checks only the lock if the scheduler does
    not run, or if the command is switched off.
    """
    command, container = ctx.settings.verify.command, running_scheduler(ctx)
    if command is None:
        return
    age = _age_of_last_run(ctx, container, command) if container else None
    locks = overlap_locks(ctx)
    if locks and is_stale(
        age, scheduler_runs=container is not None, command_runs=_command_runs(ctx, command)
    ):
        yield _stale_locks(locks, command)
    elif locks:
        since = f" that began {age:.0f} s ago" if age is not None else " at work"
        yield ok(LOCK, f"{', '.join(lock.description for lock in locks)} is held by a run{since}")
    else:
        configured = ctx.settings.diagnose.overlap_lock
        yield ok(LOCK, "none is held" if configured else "diagnose.overlap_lock is not configured")
    if container is not None and not switched_off(ctx):
        yield _judge_age(ctx, container, command, age)


def is_stale(age: float | None, *, scheduler_runs: bool, command_runs: bool) -> bool:
    """Whether an overlap lock is stale: no process that could hold it is alive.

    The scheduler may run the command within its own process. So if the scheduler runs and the
    command has no process of its own, `age` decides. `age` is the seconds since the last run began;
    None if no run is known.
    """
    if command_runs:
        return False
    return not scheduler_runs or age is None or age > MAX_RUN_AGE


def _stale_locks(locks: Sequence[OverlapLock], command: str) -> Finding:
    names = ", ".join(lock.description for lock in locks)
    step = UnlockStep(
        name="unlock", locks=tuple(Held(key=k.key, owner=k.owner, left=k.left) for k in locks)
    )
    keys = ", ".join(lock.key for lock in locks)
    remove = Remedy(
        description=f"remove the lock {keys}, then wait for the next run",
        command=DIAGNOSE_FIX,
        steps=(step,),
        effect_within=NEXT_RUN_WITHIN,
    )
    return problem(
        LOCK,
        f"{names} is stale: no run of {command} holds it, and none begins while it exists",
        "cosmicdeploy diagnose scheduler --fix",
        remedies=[remove],
    )


def _command_runs(ctx: Context, command: str) -> bool:
    """Whether a process runs the command in any of the application's containers."""
    return any(
        command in process.command
        for container in running(ctx).values()
        for process in ctx.engine.processes(container.id)
    )


def _judge_age(ctx: Context, container: Container, command: str, age: float | None) -> Finding:
    """Return the finding about the last run; `age` is the seconds since it began, if known."""
    if age is not None and age <= MAX_RUN_AGE:
        return ok(LAST_RUN, f"{command} began {age:.0f} s ago")
    up = container.seconds_up
    if up <= MAX_RUN_AGE:
        return ok(LAST_RUN, f"the scheduler started {up:.0f} s ago: too recently to judge")
    name = container.service or container.name
    when = f"began {age:.0f} s ago" if age is not None else "has not run recently"
    return problem(
        LAST_RUN,
        f"{command} {when}, by the log of {name}",
        f"cosmicdeploy logs {name}",
        details=ctx.engine.logs(container.id, tail=LOG_LINES),
        remedies=[restart(ctx, name)],
    )


def _age_of_last_run(ctx: Context, container: Container, command: str) -> float | None:
    """Return the seconds since the last run in the log began; None if the log shows no run.

    Counts only runs since the container's start and within the last `LOOK_BACK_SECONDS`. Does not
    count skipped runs.
    """
    now = datetime.now(UTC).timestamp()
    since = now - min(container.seconds_up, LOOK_BACK_SECONDS)
    run_times = [
        line.at / 1e9
        for line in ctx.engine.timed_log_lines(container.id, since=int(since * 1e9))
        if command in line.text and "skip" not in line.text.lower()
    ]
    return now - max(run_times) if run_times else None


def running_scheduler(ctx: Context) -> Container | None:
    """Return the scheduler's container; None if it does not run."""
    name = ctx.settings.services.scheduler
    container = ctx.container(name) if name else None
    return container if container is not None and container.is_running else None


def switched_off(ctx: Context) -> FeatureState | None:
    """Return the feature that switches the command off; None if the command is switched on."""
    feature = ctx.settings.verify.feature
    features = states(ctx, [feature]) if feature else []
    return next((state for state in features if state.enabled is False), None)
