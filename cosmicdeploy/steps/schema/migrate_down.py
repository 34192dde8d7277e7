"""The step `migrate-down`: take the schema back to a release's; the rows stay."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.swap.interrupted import resolve_interrupted_swap
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data
from cosmicdeploy.errors import Refused
from cosmicdeploy.journal.interrupted_run import backups_of
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.schema.compatible import target_of
from cosmicdeploy.steps.schema.down import applied_beyond, roll_down
from cosmicdeploy.steps.schema.interrupted_migrations import require_whole
from cosmicdeploy.steps.schema.lock_wait import lock_wait_before
from cosmicdeploy.steps.schema.pending import require_files


class MigrateDownStep(Step):
    """Run the down migrations of what was migrated since the target backup, in the image that has
    them.

    Undone from the backup that was made before: it holds what they drop.
    """

    kind: ClassVar[str] = "migrate-down"
    needs_target_backup: ClassVar[bool] = True
    swaps_data: ClassVar[bool] = True
    keeps_data: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        require_whole(ctx)
        beyond = applied_beyond(ctx, _known(ctx))
        if not beyond:
            return Unchanged(reason="nothing was migrated since")
        require_files(ctx, beyond)
        return Change(
            summary=f"undo {', '.join(beyond)}",
            before={
                "beyond": beyond,
                "backup": backup_before(ctx.journal),
                "lock_wait": lock_wait_before(ctx),
            },
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        return {"rolled_back": list(roll_down(ctx, _known(ctx)))}

    def undo(self, ctx: Context, change: Change) -> None:
        access, backup = ctx.database(), ctx.catalogue.get(change.before["backup"] or "")
        resolve_interrupted_swap(access)
        if not has_replaced_data(access):
            ctx.say(f"putting the data back to {backup.id}, which nobody has changed since")
            restore_backup(ctx.engine, access, backup)
        drop_replaced_data(access)


def backup_before(journal: Journal) -> str | None:
    """Return the id of the newest backup that an unfinished rollback made.

    The backup of a deploy that it resumes does not count: rows were written since.
    """
    runs = unfinished(journal, own=True)
    made = backups_of([run for run in runs if run.kind is RunKind.ROLLBACK])
    return made[-1] if made else None


def _known(ctx: Context) -> set[str]:
    """Return the migrations of the target's release; raises `Refused` if none are recorded."""
    target = target_of(ctx)
    if not target.manifest.migrations:
        raise Refused(
            "It is not on record which migrations that release knew",
            where=f"backup {target.id}",
            todo="go back with the data: leave out --migration",
        )
    return set(target.manifest.migrations)
