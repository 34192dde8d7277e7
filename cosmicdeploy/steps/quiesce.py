"""What acts by itself stands still."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged


class QuiesceStep(Step):
    """Stop the scheduler and the workers; a later restart step starts them again."""

    kind: ClassVar[str] = "quiesce"

    def check(self, ctx: Context) -> Change | Unchanged:
        acting = {
            name: found.id
            for name in ctx.settings.services.singletons
            if (found := ctx.container(name)) is not None and found.running
        }
        if not acting:
            return Unchanged(reason="no scheduler or worker runs")
        return Change(summary=f"stop {', '.join(acting)}", before={"containers": acting})

    def apply(self, ctx: Context, change: Change) -> Result:
        for name, container_id in change.before["containers"].items():
            ctx.engine.stop(container_id, ctx.service(name).stop_grace_period)
        return {"stopped": list(change.before["containers"])}

    def undo(self, ctx: Context, change: Change) -> None:
        for name, container_id in change.before["containers"].items():
            ctx.engine.start(container_id)
            wait_ready(ctx, container_id, name)
