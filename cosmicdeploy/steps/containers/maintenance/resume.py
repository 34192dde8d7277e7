"""The step `resume`: end the maintenance that the step `quiesce` began."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.step_kinds import RESUME
from cosmicdeploy.probes.maintenance import proxy_is_stopped
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.maintenance.maintenance import end_maintenance, is_maintenance_on


class ResumeStep(Step):
    """Let clients in again.

    Before this step, undoing the run loses no row. After it, undoing swapped data would lose what
    clients have written since, so the run is no longer undone.
    """

    kind: ClassVar[str] = RESUME
    resumes_clients: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if not ctx.run.steps_ahead.stop_writers and not is_maintenance_on(ctx):
            return Unchanged(reason="clients are not turned away")
        return Change(summary="let clients in again")

    def apply(self, ctx: Context, change: Change) -> Result:
        stopped = proxy_is_stopped(ctx)
        end_maintenance(ctx)
        seconds = round(ctx.run.maintenance.seconds, 1)
        away = {"proxy_away_seconds": seconds} if stopped else {}
        return {"turned_away_seconds": seconds, **away}
