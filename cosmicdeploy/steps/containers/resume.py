"""What was made to stand still goes on, and clients are let in again."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.journal.step_kinds import RESUME
from cosmicdeploy.probes.maintenance import proxy_is_stopped
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.containers.maintenance import is_up, lower_shield


class ResumeStep(Step):
    """Let clients in again.

    The last moment in which all can be undone without losing a row is the one before this.
    """

    kind: ClassVar[str] = RESUME
    resumes_clients: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        if not ctx.run.steps_ahead.stop_writers and not is_up(ctx):
            return Unchanged(reason="clients are not turned away")
        return Change(summary="let clients in again")

    def apply(self, ctx: Context, change: Change) -> Result:
        stopped = proxy_is_stopped(ctx)
        lower_shield(ctx)
        seconds = round(ctx.run.maintenance.seconds, 1)
        away = {"proxy_away_seconds": seconds} if stopped else {}
        return {"turned_away_seconds": seconds, **away}
