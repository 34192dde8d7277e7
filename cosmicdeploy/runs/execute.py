"""Plan a run, execute a run under the lock, abort interrupted runs, roll back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_by_service, running_release
from cosmicdeploy.context.younger_services import leave_out
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.errors import CosmicError, NeedsPerson
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.step_kinds import QUIESCE, RESTART_IN_PLACE
from cosmicdeploy.journal.unfinished.interrupted_run import backups_of, intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.lock import operator_name
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.probes.preconditions.release_names import require_carried_releases
from cosmicdeploy.probes.preconditions.single_container import resolve_containers
from cosmicdeploy.probes.preconditions.spoken_protocol import require_spoken_protocols
from cosmicdeploy.probes.proof import TrafficStats, traffic
from cosmicdeploy.runs.excused_requests import excuse_known_failures
from cosmicdeploy.runs.failing_before import known_failures
from cosmicdeploy.runs.interrupted import interrupted
from cosmicdeploy.runs.interrupted.undo_interrupted import undo_runs
from cosmicdeploy.runs.locked_run import begin
from cosmicdeploy.runs.new_services import new_services
from cosmicdeploy.runs.plan import Plan, make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.summary.summary import record_outcome, record_run
from cosmicdeploy.runs.undo.snapshot import observe
from cosmicdeploy.runs.undo.undo import Applied
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.containers.maintenance.maintenance import is_maintenance_on
from cosmicdeploy.steps.infrastructure.records import remember_files


class Recording(Protocol):
    """Records the baseline of a run, which the day-after checklist compares with."""

    def begin(self) -> None:
        """Begin to record, before the run changes anything."""

    def complete(self) -> None:
        """Keep the baseline, since the release is in place."""

    def drop(self) -> None:
        """Drop the baseline, since the run was undone or changed nothing."""


# Creates the recording of a run; its arguments are the run's context and command line.
Recorder = Callable[[Context, str], Recording]


def plan_only(ctx: Context, kind: RunKind, steps: Sequence[Step]) -> Plan:
    """Return the plan of a run of this kind; change nothing.

    Raises `NeedsPerson` if records of an interrupted run cannot be read, and another `CosmicError`
    if a precondition does not hold or a step's check fails.
    """
    interrupted.require_readable(ctx, unfinished(ctx.journal))
    needed = _single_container_services(ctx, steps)
    ctx = resolve_containers(ctx, needed).with_run(is_plan_only=True)
    _require_usable_settings(ctx, steps)
    known = known_failures(ctx, kind, new_services(ctx, steps))
    return make_plan(steps, ctx.with_run(known_failures=known))


def execute(
    ctx: Context,
    command: RunCommand,
    steps: Sequence[Step],
    wait: float = 0.0,
    recorder: Recorder | None = None,
) -> tuple[Run, TrafficStats | None]:
    """Run steps under the stack's lock, and send requests through the proxy during the run.

    Waits up to `wait` seconds for another run to end. Then resumes or undoes interrupted runs,
    depending on the command. If the run changes something, the `recorder` records its baseline.

    Returns the run and the statistics of its requests; the statistics are None if it sent no
    requests. A failed step does not raise: its error is `Run.error`. Raises a `CosmicError` if the
    run cannot begin or be planned: `LockHeld`, for example, or `NeedsPerson` if an interrupted run
    stands in the way.
    """
    needed = _single_container_services(ctx, steps)
    _require_usable_settings(ctx, steps)
    with begin(ctx, command, wait, needed, steps) as (run_ctx, initial):
        interrupted.end_tools(run_ctx)
        decision = interrupted.decide(run_ctx, command)
        has_undone = undo_runs(run_ctx, decision.undone)
        # After an undo, the stack is observed again; `initial` also has the known failures.
        state = {**initial, **observe(run_ctx)} if has_undone else initial
        run = Run(
            ctx=run_ctx.with_run(
                resumed_runs=decision.resumed,
                included=interrupted.included(run_ctx, decision.resumed),
            ),
            before=decision.resumed[0].state if decision.resumed else state,
            superseded=decision.superseded,
            is_deploy=command.kind is RunKind.DEPLOY,
        )
        _continue_maintenance(run)
        with traffic(run.ctx) as measured:
            run.ctx = run.ctx.with_run(traffic=measured)
            plan = make_plan(steps, run.ctx)
            excuse_known_failures(run.ctx, plan)
            recording = recorder(run.ctx, command.line) if recorder and _changes(plan) else None
            if recording:
                recording.begin()
            run.execute(plan)
        # A resumed run that took a backup may have left no step for this run to apply.
        in_place = run.error is None and bool(run.has_applied or backups_of(decision.resumed))
        if in_place:
            backup, migrations = run.fact("backup"), run.fact("migrations")
            record_release(run.ctx, command, backup, migrations)
        if run.error is None:
            remember_files(run.ctx)
        if recording:
            _end_recording(recording, run, in_place)
        record_run(run.ctx, run, measured)
    return run, measured


def abort(ctx: Context, wait: float = 0.0) -> Sequence[Applied]:
    """Undo the interrupted deploys and rollbacks; return the undone steps, the first undone first.

    Waits up to `wait` seconds for another run to end. Raises `LockHeld` if it does not end,
    `UsageError` if no run was interrupted, and `NeedsPerson` if one cannot be undone.
    """
    command = RunCommand(line="deploy --abort", kind=RunKind.ABORT)
    with begin(ctx, command, wait, ctx.settings.services.all) as (run_ctx, _):
        interrupted.end_tools(run_ctx)
        undone = undo_runs(run_ctx, interrupted.to_abort(run_ctx))
        run_ctx.journal.append("success", resolves=[])  # `undo_runs` has recorded what is resolved
        record_outcome(run_ctx, "changed" if undone else "unchanged")
    return undone


def _continue_maintenance(run: Run) -> None:
    """Continue the maintenance of an interrupted rollback or restart, if it is still on."""
    begun = [
        *intents(run.ctx.run.resumed_runs, QUIESCE),
        *intents(unfinished(run.ctx.journal), RESTART_IN_PLACE),
    ]
    if begun and is_maintenance_on(run.ctx):
        run.ctx.run.maintenance.open()


def _single_container_services(ctx: Context, steps: Sequence[Step]) -> Sequence[str]:
    """Return the services that must have one container each.

    These are all services; for a run that only makes backups, only the database.
    """
    only_protects = all(step.protective for step in steps)
    return ctx.settings.services.of(["database"]) if only_protects else ctx.settings.services.all


def _require_usable_settings(ctx: Context, steps: Sequence[Step]) -> None:
    """Raise `ConfigError` if the run would judge a working replica as broken.

    The run would do so if the replica speaks another protocol than its settings name, or if the
    name of the release that the run builds or pulls cannot be sent in a response header. A run that
    only makes backups is not refused, since it sends no requests to replicas.
    """
    if any(step.builds_images for step in steps):
        require_carried_releases(ctx)
    if not all(step.protective for step in steps):
        require_spoken_protocols(ctx)


def _changes(plan: Plan) -> bool:
    return any(planned.changes for planned in plan)


def _end_recording(recording: Recording, run: Run, in_place: bool) -> None:
    if in_place:
        recording.complete()
    elif not isinstance(run.error, NeedsPerson):  # a run that resumes this one needs the baseline
        recording.drop()


def record_release(
    ctx: Context, command: RunCommand, backup: object = None, migrations: object = None
) -> None:
    """Record the release in place, and the backups from which it can be rolled back.

    These are the backups of the runs that this run resumed, and `backup`, which it created itself.
    Ignores any `CosmicError`, since the run has already succeeded.
    """
    own = [backup] if backup else []
    backups = dict.fromkeys([*backups_of(ctx.run.resumed_runs), *own])
    with suppress(CosmicError):
        released = {name: ctx.container(name) for name in ctx.settings.services.deployed}
        ctx.lock.require()
        ctx.journal.append(
            "release",
            command=command.line,
            run_kind=command.kind,
            release=running_release(ctx),
            releases=running_by_service(ctx),
            images={name: each.image_id for name, each in released.items() if each},
            digests=ctx.digests_of(released),
            migrations=migrations,
            backup=next(iter(backups), None),
            backups=list(backups),
            who=operator_name(),
        )


def rollback(
    ctx: Context,
    command: RunCommand,
    playbook: Playbook,
    target: Backup,
    wait: float = 0.0,
    recorder: Recorder | None = None,
) -> tuple[Run, TrafficStats | None]:
    """Roll back to the backup `target` by the steps of a playbook; see `execute`.

    Leaves out the services that are younger than the backup. Raises `Refused` if the main
    application is one of them.
    """
    ctx = leave_out(ctx, target.manifest)
    with ctx.catalogue.in_use(target):
        return execute(ctx.with_run(target_backup=target), command, playbook.steps, wait, recorder)
