"""Commands that change the stack: plan, run under the lock, go back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Protocol
from uuid import uuid4

from cosmicdeploy.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.errors import CosmicError, LockLost, NeedsPerson
from cosmicdeploy.events import Notice
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import QUIESCE, RESTART_IN_PLACE
from cosmicdeploy.journal.unfinished import intents, made_backups, unfinished
from cosmicdeploy.lock import Lock, LockWait, hold_lock, operator_name
from cosmicdeploy.lock.fence import fenced
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.probes.preconditions.one_each import resolve_containers
from cosmicdeploy.probes.proof import TrafficStats, traffic
from cosmicdeploy.runs import interrupted
from cosmicdeploy.runs.failing_before import known_failures
from cosmicdeploy.runs.plan import Plan, make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.snapshot import State, observe
from cosmicdeploy.runs.undo import Applied, note
from cosmicdeploy.signals import Interrupts, deferred_interrupts
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.containers.maintenance import is_up

# As long as a call of the engine may take, and no lock goes to another in so short a silence.
FENCE_TRUST_SECONDS = 0.1
# Points of the verification that ask what clients ask.
MET = frozenset({"health", "heartbeat"})


class Recording(Protocol):
    """What is recorded beside a run: the baseline that the day after is compared with."""

    def begin(self) -> None:
        """The run is about to change something."""

    def complete(self) -> None:
        """The release is in place."""

    def drop(self) -> None:
        """The run was undone, or changed nothing."""


Recorder = Callable[[Context, str], Recording]


def plan_only(ctx: Context, command: str, steps: Sequence[Step]) -> Plan:
    """What would change; nothing is. Raises `NeedsPerson` where a run would."""
    interrupted.require_readable(ctx, unfinished(ctx.journal))
    ctx = resolve_containers(ctx, _needed(ctx, steps)).with_run(is_plan_only=True)
    known = known_failures(ctx, command)
    return make_plan(steps, ctx.with_run(known_failures=known))


def execute(
    ctx: Context,
    command: str,
    steps: Sequence[Step],
    wait: float = 0.0,
    recorder: Recorder | None = None,
) -> tuple[Run, TrafficStats | None]:
    """Run steps under the stack's lock, with requests sent through the proxy meanwhile.

    Goes on from runs that were killed, or undoes them first, whichever is right for this command.
    Somebody else's run is waited for as long as `wait` says, in seconds. A `recorder` is told of a
    run that changes something.
    """
    with begin(ctx, command, wait, _needed(ctx, steps)) as (ours, state):
        interrupted.end_tools(ours)
        found = interrupted.found(ours, command)
        own = {**state, **observe(ours)} if interrupted.undo(ours, found.back) else state
        run = Run(
            ctx=ours.with_run(resumed_runs=found.on),
            before=found.on[0].state if found.on else own,
            over=found.over,
            promise=RunKind.of_command(command) is RunKind.DEPLOY,
        )
        _open_window(run)
        with traffic(run.ctx) as measured:
            run.ctx = run.ctx.with_run(traffic=measured)
            plan = make_plan(steps, run.ctx)
            _hold_judgement(run.ctx, plan)
            recording = recorder(run.ctx, command) if recorder and _changes(plan) else None
            if recording:
                recording.begin()
            run.through(plan)
        in_place = run.error is None and bool(run.has_applied or made_backups(found.on))
        if in_place:
            made, migrations = run.fact("backup"), run.fact("migrations")
            record_release(run.ctx, command, made, migrations)
        if recording:
            _end(recording, run, in_place)
    return run, measured


def _hold_judgement(ctx: Context, plan: Plan) -> None:
    """Where clients met what does not work before this run changed anything, that is not its doing:
    it is judged from the end of its rollout on. Requests to what hangs have not failed yet."""
    traffic, known = ctx.run.traffic, ctx.run.known_failures
    rolls = any(planned.changes and planned.step.replaces_containers for planned in plan)
    if traffic is None or not rolls or not known:
        return
    services = {*ctx.settings.services.app, ctx.settings.services.proxy}
    met = not services.isdisjoint(known.services) or not known.points.keys().isdisjoint(MET)
    if met or traffic.failures:
        traffic.excuse_failures(f"{len(traffic.failures)} of {traffic.sent} of them")


def abort(ctx: Context, wait: float = 0.0) -> Sequence[Applied]:
    """Undo what interrupted deploys and rollbacks changed; what was undone, in that order.

    Raises `UsageError` where there is none, `NeedsPerson` where one cannot be undone.
    """
    with begin(ctx, "deploy --abort", wait, ctx.settings.services.all) as (ours, _):
        interrupted.end_tools(ours)
        undone = interrupted.undo(ours, interrupted.to_abort(ours))
        ours.journal.append("success", resolves=[])
    return undone


def _open_window(run: Run) -> None:
    """Where a killed rollback or restart turned clients away, they are turned away on purpose
    still."""
    begun = [
        *intents(run.ctx.run.resumed_runs, QUIESCE),
        *intents(unfinished(run.ctx.journal), RESTART_IN_PLACE),
    ]
    if begun and is_up(run.ctx):
        run.ctx.run.maintenance.open()


def _needed(ctx: Context, steps: Sequence[Step]) -> Sequence[str]:
    """The services of which each has to have one container: a backup alone needs the database."""
    only_protects = all(step.protective for step in steps)
    return ctx.settings.services.of(["database"]) if only_protects else ctx.settings.services.all


@contextmanager
def begin(
    ctx: Context, command: str, wait: float, needed: Sequence[str]
) -> Iterator[tuple[Context, State]]:
    """One run under the lock, journalled from its first moment to its last; and the state that it
    found. `needed` are the services of which each has to have one container."""
    tell = partial(ctx.say, "stopping at the next safe point, then undoing what was changed")
    journal = ctx.journal.of_run(uuid4().hex[:8])
    with deferred_interrupts(tell) as interrupts, _held(ctx, command, wait, interrupts) as lock:
        engine = fenced(ctx.engine, partial(lock.require, trust=FENCE_TRUST_SECONDS))
        ours = replace(ctx, interrupts=interrupts, journal=journal, lock=lock, engine=engine)
        ours = resolve_containers(ours, needed)  # what was waited for may have made others
        known = known_failures(ours, command)
        state = {**observe(ours), "known_failures": known.as_json()}
        journal.append(
            "run",
            command=command,
            run_kind=RunKind.of_command(command),
            who=operator_name(),
            pid=os.getpid(),
            release=ours.release,
            target=ours.run.target_backup.id if ours.run.target_backup else None,
            state=state,
        )
        try:
            yield ours.with_run(known_failures=known), state
        except LockLost:
            raise  # the journal is the new holder's
        except BaseException:  # raised before the first step: the run itself changed nothing
            note(journal, "ended", whole=True)
            raise


def _held(
    ctx: Context, command: str, wait: float, interrupts: Interrupts
) -> AbstractContextManager[Lock]:
    patience = LockWait(
        wait=wait,
        stale_after=ctx.settings.lock.stale_after,
        on_wait=lambda text: ctx.emit(Notice(text=text)),
        safe_point=interrupts.safe_point,
    )
    return hold_lock(ctx.engine, ctx.stack.project, command, patience)


def _changes(plan: Plan) -> bool:
    return any(planned.changes for planned in plan)


def _end(recording: Recording, run: Run, in_place: bool) -> None:
    if in_place:
        recording.complete()
    elif not isinstance(run.error, NeedsPerson):  # who goes on from this run will need it
        recording.drop()


def record_release(
    ctx: Context, command: str, own: object = None, migrations: object = None
) -> None:
    """What is in place now, and the backups of it and of all that the run went on from: each is a
    way back. The run has succeeded, so nothing here may fail it."""
    backups = dict.fromkeys([*made_backups(ctx.run.resumed_runs), *((own,) if own else ())])
    with suppress(CosmicError):
        released = {name: ctx.container(name) for name in ctx.settings.services.released}
        ctx.lock.require()
        ctx.journal.append(
            "release",
            command=command,
            run_kind=RunKind.of_command(command),
            release=ctx.running_release(),
            images={name: each.image_id for name, each in released.items() if each},
            migrations=migrations,
            backup=next(iter(backups), None),
            backups=list(backups),
            who=operator_name(),
        )


def rollback(
    ctx: Context,
    command: str,
    playbook: Playbook,
    target: Backup,
    wait: float = 0.0,
    recorder: Recorder | None = None,
) -> tuple[Run, TrafficStats | None]:
    """Go back to a backup's release, in the way that the playbook says."""
    with ctx.catalogue.in_use(target):
        return execute(ctx.with_run(target_backup=target), command, playbook.steps, wait, recorder)
