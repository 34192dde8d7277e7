"""The step `restore`: swap in the data that the step `load` loaded."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.restore.restore import (
    drop_shadow,
    notes_on_grants,
    require_restorable,
)
from cosmicdeploy.database.restore.verify import verify_backup
from cosmicdeploy.database.swap.interrupted import resolve_interrupted_swap
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data, swap, swap_back
from cosmicdeploy.errors import BackupError, Refused
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.steps.backups.other_server import origin_of, require_own
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.refusing import refusing
from cosmicdeploy.steps.schema.compatible import target_of
from cosmicdeploy.text.formatting import format_time


class RestoreStep(Step):
    """Swap in the data that the step `load` loaded: all tables in one statement.

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
        created = format_time(target.manifest.created_at)
        if is_swapped(ctx, target):
            return Unchanged(reason=f"the data of {target.id} of {created} is already in place")
        if ctx.run.is_planning and not ctx.run.steps_ahead.load_backup:
            raise Refused(
                "The playbook has no step before this one that loads a backup",
                where=self.name,
                todo="add a step of the kind load, as in the shipped rollback playbook",
            )
        summary = f"swap in the data of {target.id} of {created}"
        if origin := origin_of(ctx, target):
            summary += f" ({origin})"
        return Change(summary=summary, before={"target": target.id})

    def apply(self, ctx: Context, change: Change) -> Result:
        ctx.lock.require()
        swapped = swap(ctx.database())
        target = target_of(ctx)
        for note in (*swapped.notes, *notes_on_grants(ctx.database(), target)):
            ctx.warn(note)
        origin = origin_of(ctx, target)
        return {
            "restored": change.before["target"],
            "tables": list(swapped.moved_in),
            **({"from_other_stack": origin} if origin else {}),
        }

    def undo(self, ctx: Context, change: Change) -> None:
        """Swap the data back; no row is lost, since no client writes during maintenance."""
        access = ctx.database()
        ctx.lock.require()
        resolve_interrupted_swap(access)
        if has_replaced_data(access):
            for note in swap_back(access).notes:
                ctx.warn(note)
        drop_shadow(access)

    def settle(self, ctx: Context, change: Change) -> None:
        drop_replaced_data(ctx.database())


def is_swapped(ctx: Context, target: Backup) -> bool:
    """Whether a resumed run has swapped in the data of this backup."""
    begun = intents(ctx.run.resumed_runs, RestoreStep.kind)
    return any(i.before["target"] == target.id for i in begun) and has_replaced_data(ctx.database())


def require_usable(ctx: Context, target: Backup) -> None:
    """Raise `Refused` if the backup cannot be restored here; changes nothing."""
    with refusing(BackupError):
        require_own(ctx, target)
        _require_no_restore_failure(target)
        verify_backup(target).require()
        require_restorable(ctx.database(), target)


def _require_no_restore_failure(target: Backup) -> None:
    if target.state.restore_failure:
        raise BackupError(
            f"The backup could not be restored when last verified: {target.state.restore_failure}",
            where=f"backup {target.id}",
            todo=f"verify it again: `cosmicdeploy backup verify {target.id} --restore`",
        )
