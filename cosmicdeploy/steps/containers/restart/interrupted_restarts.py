"""Find restarts in place that an interrupted run left half-way."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import QUIESCE
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers.maintenance.maintenance import is_maintenance_on
from cosmicdeploy.steps.containers.restart.restart import RestartStep
from cosmicdeploy.steps.rollout.replacement.target import existing_targets


def interrupted_restarts(ctx: Context) -> list[tuple[RestartStep, Change]]:
    """Return interrupted restarts that left containers stopped or clients turned away.

    Empty if a rollback was interrupted after it had stopped all writers: then containers stay
    stopped until the rollback is finished or undone.
    """
    runs = unfinished(ctx.journal)
    if any(run.kind is RunKind.ROLLBACK and intents([run], QUIESCE) for run in runs):
        return []
    begun = intents(runs, RestartStep.kind)
    restarts = [
        (RestartStep.from_record(i.options), Change(summary=i.summary, before=i.before))
        for i in begun
    ]
    return [(step, change) for step, change in restarts if _is_half_done(ctx, step, change)]


def _is_half_done(ctx: Context, step: RestartStep, change: Change) -> bool:
    before = change.before["containers"]
    ran = [target for target in existing_targets(ctx, before) if before[target.name]["running"]]
    stopped = [target for target in ran if not target.is_running]
    return bool(stopped) or (
        step.turns_away and not change.before["shielded"] and is_maintenance_on(ctx)
    )
