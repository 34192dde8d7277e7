"""What an interrupted run left half-way is brought to a whole state first."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.swap import drop_before, has_before, swap_back
from cosmicdeploy.engine.model import Container
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.replace import set_aside
from cosmicdeploy.steps.restore import RestoreStep


class RecoverStep(Step):
    """Containers under temporary names are put back into service, or removed; data that a restore
    replaced is put back, or let go where that restore's run had succeeded."""

    kind: ClassVar[str] = "recover"

    def check(self, ctx: Context) -> Change | Unchanged:
        left = [c.name for name in ctx.settings.services.released for c in _leftovers(ctx, name)]
        if _data_is_kept(ctx):
            left.append("data from before a restore")
        if not left:
            return Unchanged(reason="no run was interrupted half-way")
        return Change(summary=f"clear up after an interrupted run: {', '.join(left)}")

    def apply(self, ctx: Context, change: Change) -> Result:
        for name in ctx.settings.services.released:
            for leftover in _leftovers(ctx, name):
                _resolve(ctx, name, leftover)
        if _data_is_kept(ctx):
            resolve_data = drop_before if _restore_succeeded(ctx) else swap_back
            resolve_data(ctx.database())
        return {}


def _leftovers(ctx: Context, name: str) -> list[Container]:
    return set_aside(ctx, ctx.service(name))


def _resolve(ctx: Context, name: str, leftover: Container) -> None:
    current = ctx.container(name)
    if "-next-" in leftover.name or (current is not None and current.ready):
        ctx.engine.remove(leftover.id)
        return
    # The new container never became healthy: the one that was set aside is the one that works.
    if current is not None:
        ctx.engine.remove(current.id)
    ctx.engine.rename(leftover.id, ctx.service(name).container_name)
    ctx.engine.start(leftover.id)
    wait_ready(ctx, leftover.id, name)


def _data_is_kept(ctx: Context) -> bool:
    database = ctx.container(ctx.settings.services.database)
    return database is not None and database.ready and has_before(ctx.database())


def _restore_succeeded(ctx: Context) -> bool:
    """Whether the run that made the last restore came to its end."""
    succeeded = False
    for record in ctx.journal.records():
        if record["kind"] == "intent" and record.get("step_kind") == RestoreStep.kind:
            succeeded = False
        succeeded = succeeded or record["kind"] == "success"
    return succeeded
