"""The database goes back to a backup."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.catalogue import Backup
from cosmicdeploy.database.restore import drop_shadow, load_shadow
from cosmicdeploy.database.swap import drop_before, has_before, swap, swap_back
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged


class RestoreStep(Step):
    """Load beside the live schema, compare with the manifest, swap all tables at once.

    The replaced tables are kept until the whole run has succeeded.
    """

    kind: ClassVar[str] = "restore"

    def check(self, ctx: Context) -> Change | Unchanged:
        target = _target(ctx)
        made = f"{target.manifest.created_at.astimezone():%Y-%m-%d %H:%M:%S}"
        return Change(summary=f"put the data back to {target.id} of {made}")

    def apply(self, ctx: Context, change: Change) -> Result:
        access = ctx.database()
        load_shadow(ctx.engine, access, _target(ctx), lambda _bytes: ctx.interrupts.safe_point())
        ctx.say("loaded and compared with its manifest; swapping")
        swapped = swap(access)
        return {"restored": _target(ctx).id, "tables": list(swapped.came)}

    def verify(self, ctx: Context, change: Change) -> None:
        """The data was compared with its manifest before it became live."""

    def undo(self, ctx: Context, change: Change) -> None:
        access = ctx.database()
        if has_before(access):
            swap_back(access)
        drop_shadow(access)

    def settle(self, ctx: Context, change: Change) -> None:
        drop_before(ctx.database())


def _target(ctx: Context) -> Backup:
    if ctx.target is None:
        raise CosmicError("No backup is named", todo="use `cosmicdeploy rollback --to BACKUP`")
    return ctx.target
