"""The step `load`: load a backup into a shadow schema while clients are served."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.restore.restore import drop_shadow, load_shadow
from cosmicdeploy.steps.backups.other_server import origin_of
from cosmicdeploy.steps.backups.restore import is_swapped, require_usable
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.schema.compatible import target_of


class LoadStep(Step):
    """Load a backup into a shadow schema and compare it with its manifest.

    Clients are served during the load; the step `restore` then swaps the data in.
    """

    kind: ClassVar[str] = "load"
    # The data is compared with its manifest as soon as it is loaded.
    is_checked_again: ClassVar[bool] = False
    loads_backup: ClassVar[bool] = True
    needs_target_backup: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        target = target_of(ctx)
        if is_swapped(ctx, target):
            return Unchanged(reason=f"{target.id} was swapped in by the interrupted run")
        require_usable(ctx, target)
        summary = f"load {target.id} into a shadow schema and compare it with its manifest"
        summary += f" ({target.proof})"
        if origin := origin_of(ctx, target):
            summary += f"; {origin}"
        return Change(summary=summary)

    def apply(self, ctx: Context, change: Change) -> Result:
        target = target_of(ctx)
        notes = load_shadow(ctx.engine, ctx.database(), target, lambda _bytes: ctx.safe_point())
        for note in notes:
            ctx.warn(note)
        ctx.say(f"{target.id} is loaded and matches its manifest")
        origin = origin_of(ctx, target)
        return {
            "loaded": target.id,
            "proof": target.proof,
            **({"from_other_stack": origin} if origin else {}),
        }

    def undo(self, ctx: Context, change: Change) -> None:
        drop_shadow(ctx.database())
