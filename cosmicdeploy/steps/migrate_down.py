"""The schema goes back to the one that a release knew; the rows stay."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.facts import open_facts
from cosmicdeploy.database.restore import restore_backup
from cosmicdeploy.database.swap import drop_before
from cosmicdeploy.errors import CosmicError, Refused
from cosmicdeploy.steps.base import Change, NotReversible, Result, Step, Unchanged
from cosmicdeploy.steps.fits import target_of
from cosmicdeploy.steps.roll_down import roll_down
from cosmicdeploy.steps.shield import is_up


class MigrateDownStep(Step):
    """Run the down migrations of what was migrated since, in the image that has them.

    What they drop is in the backup that was made before, with which it is undone.
    """

    kind: ClassVar[str] = "migrate-down"

    def check(self, ctx: Context) -> Change | Unchanged:
        known = _known(ctx)
        with open_facts(ctx.database()) as facts:
            applied = set(facts.applied_migrations())
        if missing := sorted(known - applied):
            raise Refused(
                f"The schema lacks a migration of that release: {missing[0]}",
                where=f"backup {target_of(ctx).id}",
                todo="go back with the data: leave out --migration",
            )
        beyond = sorted(applied - known)
        if not beyond:
            return Unchanged(reason="nothing was migrated since")
        return Change(summary=f"undo {', '.join(beyond)}", before={"beyond": beyond})

    def apply(self, ctx: Context, change: Change) -> Result:
        return {"rolled_back": list(roll_down(ctx, _known(ctx)))}

    def undo(self, ctx: Context, change: Change) -> None:
        if not is_up(ctx):
            raise NotReversible("clients have been let in: what they wrote since would be lost")
        backup = ctx.catalogue.get(_made_before(ctx))
        ctx.say(f"putting the data back to {backup.id}, which nobody has changed since")
        restore_backup(ctx.engine, ctx.database(), backup)
        drop_before(ctx.database())


def _known(ctx: Context) -> set[str]:
    """The migrations that the release knew; raises `Refused` where that is not on record."""
    target = target_of(ctx)
    if not target.manifest.migrations:
        raise Refused(
            "It is not on record which migrations that release knew",
            where=f"backup {target.id}",
            todo="go back with the data: leave out --migration",
        )
    return set(target.manifest.migrations)


def _made_before(ctx: Context) -> str:
    made = ctx.journal.last("done", step_kind="backup")
    if made is None:
        raise CosmicError("No backup was made before the migrations were undone")
    return str(made["facts"]["backup"])
