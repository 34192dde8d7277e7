"""The step `migrate-down`: return to the schema of a backup's release; the rows stay."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.swap.interrupted import resolve_interrupted_swap
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data
from cosmicdeploy.errors import Refused
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.unfinished.interrupted_run import backups_of
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.schema.compatible import target_of
from cosmicdeploy.steps.schema.down import applied_beyond, require_can_go_back, roll_down
from cosmicdeploy.steps.schema.interrupted_migrations import require_whole
from cosmicdeploy.steps.schema.lock_wait import lock_wait_before
from cosmicdeploy.steps.schema.pending import require_files


class MigrateDownStep(Step):
    """Roll back the migrations that ran since the target backup, in the image that has their files.

    The undo restores the backup that the run created before this step. That backup holds what down
    migrations drop.
    """

    kind: ClassVar[str] = "migrate-down"
    needs_target_backup: ClassVar[bool] = True
    swaps_data: ClassVar[bool] = True
    keeps_data: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        require_can_go_back(ctx, target_of(ctx).id)
        require_whole(ctx)
        beyond = applied_beyond(ctx, _target_migrations(ctx))
        if not beyond:
            return Unchanged(reason="no migration ran since the backup")
        require_files(ctx, beyond)
        return Change(
            summary=f"roll back {', '.join(beyond)}",
            before={
                "beyond": beyond,
                "backup": backup_before(ctx.journal),
                "lock_wait": lock_wait_before(ctx),
            },
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        return {"rolled_back": list(roll_down(ctx, _target_migrations(ctx)))}

    def undo(self, ctx: Context, change: Change) -> None:
        """Restore the backup that this run created; raises `BackupError` if it created none."""
        access, backup = ctx.database(), ctx.catalogue.get(change.before["backup"] or "")
        resolve_interrupted_swap(access)
        if not has_replaced_data(access):  # else a killed undo has restored the backup already
            ctx.say(f"restoring {backup.id}; no client has written since")
            restore_backup(ctx.engine, access, backup)
        drop_replaced_data(access)


def backup_before(journal: Journal) -> str | None:
    """Return the id of the newest backup that an unfinished rollback created; None if none did.

    The backup of a resumed deploy does not count: clients have written rows since.
    """
    runs = unfinished(journal, own=True)
    backups = backups_of([run for run in runs if run.kind is RunKind.ROLLBACK])
    return backups[-1] if backups else None


def _target_migrations(ctx: Context) -> set[str]:
    """Return the migrations that had run at the target backup; raises `Refused` if unknown."""
    target = target_of(ctx)
    if not target.manifest.migrations:
        raise Refused(
            "The backup does not record which migrations were applied",
            where=f"backup {target.id}",
            todo="roll back the data as well: leave out --migration",
        )
    return set(target.manifest.migrations)
