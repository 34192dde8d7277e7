"""The database goes back to a backup."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.catalogue import Backup
from cosmicdeploy.database.restore import drop_shadow, load_shadow, require_restorable
from cosmicdeploy.database.swap import drop_before, has_before, swap, swap_back
from cosmicdeploy.database.verify import verify_backup
from cosmicdeploy.errors import BackupError, CosmicError, Refused
from cosmicdeploy.journal import Journal
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged


class RestoreStep(Step):
    """Load beside the live schema, compare with the manifest, swap all tables at once.

    The replaced tables are kept until the whole run has succeeded.
    """

    kind: ClassVar[str] = "restore"

    def check(self, ctx: Context) -> Change | Unchanged:
        target = _target(ctx)
        swapped = unfinished(ctx.journal) == target.id and has_before(ctx.database())
        if not swapped:
            _require_usable(ctx, target)
        made = f"{target.manifest.created_at.astimezone():%Y-%m-%d %H:%M:%S}"
        what = "finish putting" if swapped else "put"
        return Change(
            summary=f"{what} the data back to {target.id} of {made}",
            before={"target": target.id, "swapped": swapped},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        access, target = ctx.database(), _target(ctx)
        if change.before["swapped"]:
            return {"restored": target.id}
        # What another, unfinished rollback kept is in the backup that it made first.
        drop_before(access)
        load_shadow(ctx.engine, access, target, lambda _bytes: ctx.safe_point())
        ctx.say("loaded and compared with its manifest; swapping")
        ctx.lock.require()
        return {"restored": target.id, "tables": list(swap(access).came)}

    def verify(self, ctx: Context, change: Change) -> None:
        """The data was compared with its manifest before it became live."""

    def undo(self, ctx: Context, change: Change) -> None:
        access = ctx.database()
        if change.before["swapped"]:
            return  # by an earlier run, so the state that this run found
        if has_before(access):
            ctx.lock.require()
            swap_back(access)
        drop_shadow(access)

    def settle(self, ctx: Context, change: Change) -> None:
        drop_before(ctx.database())


def unfinished(journal: Journal) -> str | None:
    """The backup of a restore whose run neither succeeded nor was undone: it was killed."""
    target, ours = None, False
    for record in journal.records():
        restores = record.get("step_kind") == RestoreStep.kind
        if record["kind"] == "run":
            ours = False
        elif record["kind"] == "intent" and restores:
            target, ours = record["before"]["target"], True
        elif (record["kind"] == "undone" and restores) or (record["kind"] == "success" and ours):
            target = None
    return target


def _require_usable(ctx: Context, target: Backup) -> None:
    """Whatever speaks against this backup is said before anything is stopped for it."""
    try:
        verify_backup(target).require()
        require_restorable(ctx.database(), target)
    except BackupError as error:
        raise Refused(error.what, where=error.where, todo=error.todo) from error


def _target(ctx: Context) -> Backup:
    if ctx.target is None:
        raise CosmicError("No backup is named", todo="use `cosmicdeploy rollback --to BACKUP`")
    return ctx.target
