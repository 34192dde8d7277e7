"""Commands that change the stack: plan, run under the lock, abort, roll back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from cosmicdeploy.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.errors import CosmicError, NeedsPerson
from cosmicdeploy.journal.interrupted_run import backups_of, intents
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import QUIESCE, RESTART_IN_PLACE
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.lock import operator_name
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.probes.preconditions.single_container import resolve_containers
from cosmicdeploy.probes.proof import TrafficStats, traffic
from cosmicdeploy.runs import interrupted
from cosmicdeploy.runs.failing_before import known_failures
from cosmicdeploy.runs.locked_run import begin
from cosmicdeploy.runs.plan import Plan, make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.snapshot import observe
from cosmicdeploy.runs.undo import Applied
from cosmicdeploy.runs.undo_interrupted import undo_runs
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.containers.maintenance import is_maintenance_on

# Points of the verification that send the requests that clients send.
CLIENT_POINTS = frozenset({"health", "heartbeat"})


class Recording(Protocol):
    """The recording of a baseline during a run; the day-after checklist compares with it."""

    def begin(self) -> None:
        """The run is about to change something."""

    def complete(self) -> None:
        """The release is in place: keep the baseline."""

    def drop(self) -> None:
        """The run was undone, or changed nothing: drop the baseline."""


Recorder = Callable[[Context, str], Recording]


def plan_only(ctx: Context, command: str, steps: Sequence[Step]) -> Plan:
    """Return the plan of a run and change nothing. Raises `NeedsPerson` where the run would."""
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
    """Run steps under the stack's lock, and send requests through the proxy meanwhile.

    Resumes interrupted runs or undoes them first, as the command requires. Waits up to `wait`
    seconds for another run to end. A `recorder` records a baseline if the run changes something.
    """
    with begin(ctx, command, wait, _needed(ctx, steps)) as (run_ctx, state):
        interrupted.end_tools(run_ctx)
        decision = interrupted.decide(run_ctx, command)
        own = {**state, **observe(run_ctx)} if undo_runs(run_ctx, decision.undone) else state
        run = Run(
            ctx=run_ctx.with_run(resumed_runs=decision.resumed),
            before=decision.resumed[0].state if decision.resumed else own,
            superseded=decision.superseded,
            is_deploy=RunKind.of_command(command) is RunKind.DEPLOY,
        )
        _continue_maintenance(run)
        with traffic(run.ctx) as measured:
            run.ctx = run.ctx.with_run(traffic=measured)
            plan = make_plan(steps, run.ctx)
            _excuse_known_failures(run.ctx, plan)
            recording = recorder(run.ctx, command) if recorder and _changes(plan) else None
            if recording:
                recording.begin()
            run.through(plan)
        in_place = run.error is None and bool(run.has_applied or backups_of(decision.resumed))
        if in_place:
            made, migrations = run.fact("backup"), run.fact("migrations")
            record_release(run.ctx, command, made, migrations)
        if recording:
            _end(recording, run, in_place)
    return run, measured


def _excuse_known_failures(ctx: Context, plan: Plan) -> None:
    """Excuse failing requests until the rollout ends if some failed before the first change.

    Also if none has failed yet, but a service or point that clients depend on has: a request to a
    service that hangs is still open.
    """
    traffic, known = ctx.run.traffic, ctx.run.known_failures
    replaces = any(planned.changes and planned.step.replaces_containers for planned in plan)
    if traffic is None or not replaces or not known:
        return
    services = {*ctx.settings.services.app, ctx.settings.services.proxy}
    known_to_clients = (services & known.services.keys()) | (CLIENT_POINTS & known.points.keys())
    if known_to_clients or traffic.failures:
        traffic.excuse_failures(f"{len(traffic.failures)} of {traffic.sent} of them")


def abort(ctx: Context, wait: float = 0.0) -> Sequence[Applied]:
    """Undo what interrupted deploys and rollbacks changed; return the undone steps in order.

    Raises `UsageError` if there is none, `NeedsPerson` if one cannot be undone.
    """
    with begin(ctx, "deploy --abort", wait, ctx.settings.services.all) as (run_ctx, _):
        interrupted.end_tools(run_ctx)
        undone = undo_runs(run_ctx, interrupted.to_abort(run_ctx))
        run_ctx.journal.append("success", resolves=[])
    return undone


def _continue_maintenance(run: Run) -> None:
    """Count the maintenance that an interrupted rollback or restart began as this run's."""
    begun = [
        *intents(run.ctx.run.resumed_runs, QUIESCE),
        *intents(unfinished(run.ctx.journal), RESTART_IN_PLACE),
    ]
    if begun and is_maintenance_on(run.ctx):
        run.ctx.run.maintenance.open()


def _needed(ctx: Context, steps: Sequence[Step]) -> Sequence[str]:
    """Return the services that need exactly one container each; a backup needs the database."""
    only_protects = all(step.protective for step in steps)
    return ctx.settings.services.of(["database"]) if only_protects else ctx.settings.services.all


def _changes(plan: Plan) -> bool:
    return any(planned.changes for planned in plan)


def _end(recording: Recording, run: Run, in_place: bool) -> None:
    if in_place:
        recording.complete()
    elif not isinstance(run.error, NeedsPerson):  # a run that resumes this one needs it
        recording.drop()


def record_release(
    ctx: Context, command: str, own: object = None, migrations: object = None
) -> None:
    """Record the release in place and the backups that return to the one before.

    These are the backup of the run and those of the runs that it resumed. The run has succeeded, so
    an error here does not fail it.
    """
    backups = dict.fromkeys([*backups_of(ctx.run.resumed_runs), *((own,) if own else ())])
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
    """Roll back to a backup by the steps of a playbook."""
    with ctx.catalogue.in_use(target):
        return execute(ctx.with_run(target_backup=target), command, playbook.steps, wait, recorder)
