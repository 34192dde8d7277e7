"""The database goes back to a backup."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.restore.restore import drop_shadow, require_restorable
from cosmicdeploy.database.restore.verify import verify_backup
from cosmicdeploy.database.swap.interrupted import resolve_interrupted_swap
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data, swap, swap_back
from cosmicdeploy.errors import BackupError, Refused
from cosmicdeploy.journal.interrupted_run import intents
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.refusing import refusing
from cosmicdeploy.steps.schema.compatible import target_of
from cosmicdeploy.text.formatting import format_time


class RestoreStep(Step):
    """Swap in what the step `load` loaded, all tables at once.

    The replaced tables are kept until the whole run has succeeded.
    """

    kind: ClassVar[str] = "restore"
    # The data is compared with its manifest before it becomes live.
    is_checked_again: ClassVar[bool] = False
    needs_target_backup: ClassVar[bool] = True
    swaps_data: ClassVar[bool] = True
    keeps_data: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        target = target_of(ctx)
        made = format_time(target.manifest.created_at)
        if is_swapped(ctx, target):
            return Unchanged(reason=f"the data is that of {target.id} of {made} already")
        if ctx.run.is_planning and not ctx.run.steps_ahead.load_backup:
            raise Refused(
                "The playbook loads nothing that could be swapped in",
                where=self.name,
                todo="put a step of kind load before it, as the shipped rollback playbook does",
            )
        return Change(
            summary=f"put the data back to {target.id} of {made}", before={"target": target.id}
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        ctx.lock.require()
        swapped = swap(ctx.database())
        return {"restored": change.before["target"], "tables": list(swapped.moved_in)}

    def undo(self, ctx: Context, change: Change) -> None:
        """Swap the data back; no row is lost, since no client writes during maintenance."""
        access = ctx.database()
        ctx.lock.require()
        resolve_interrupted_swap(access)
        if has_replaced_data(access):
            swap_back(access)
        drop_shadow(access)

    def settle(self, ctx: Context, change: Change) -> None:
        drop_replaced_data(ctx.database())


def is_swapped(ctx: Context, target: Backup) -> bool:
    """Return whether an interrupted run swapped this very data in."""
    begun = intents(ctx.run.resumed_runs, RestoreStep.kind)
    return any(i.before["target"] == target.id for i in begun) and has_replaced_data(ctx.database())


def require_usable(ctx: Context, target: Backup) -> None:
    """Raise `Refused` if the backup cannot be restored here, before anything is done."""
    with refusing(BackupError):
        _require_not_refuted(target)
        verify_backup(target).require()
        require_restorable(ctx.database(), target)


def _require_not_refuted(target: Backup) -> None:
    if target.state.restore_failure:
        raise BackupError(
            f"The backup did not restore when it was last proven: {target.state.restore_failure}",
            where=f"backup {target.id}",
            todo=f"prove it again: `cosmicdeploy backup verify {target.id} --restore`",
        )
