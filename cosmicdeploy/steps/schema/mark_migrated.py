"""The step `mark-migrated`: record migrations as run if the schema has their changes already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import MIGRATIONS_TABLE, Facts, open_facts
from cosmicdeploy.errors import Refused
from cosmicdeploy.migrations.applied import AppliedState
from cosmicdeploy.migrations.status import summarize_names
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.schema.pending import begun_already, pending_names


class MarkMigratedStep(Step):
    """Record migrations as run, in a new batch, if the schema has all of their changes.

    This is for migrations whose statements were run by hand, or that were killed before they were
    recorded.
    """

    kind: ClassVar[str] = "mark-migrated"

    migrations: tuple[str, ...] = Field(min_length=1, description="Names of the migrations.")

    def check(self, ctx: Context) -> Change | Unchanged:
        pending = pending_names(ctx) or ()
        names = [name for name in self.migrations if name in pending]
        if not names:
            return Unchanged(reason="none of these migrations is pending")
        _require_whole(ctx, names)
        return Change(summary=f"mark {summarize_names(names)} as run", before={"names": names})

    def apply(self, ctx: Context, change: Change) -> Result:
        names = change.before["names"]
        with open_facts(ctx.database()) as facts:
            batch = facts.highest_batch() + 1
            for name in names:
                ctx.lock.require()
                facts.session.execute(
                    f"INSERT INTO {_table(facts)} (migration, batch) VALUES (%s, %s)",  # noqa: S608 - quoted
                    name,
                    batch,
                )
                ctx.say(f"{name} is marked as run")
        return {"noted": names, "batch": batch}

    def undo(self, ctx: Context, change: Change) -> None:
        with open_facts(ctx.database()) as facts:
            for name in change.before["names"]:
                facts.session.execute(f"DELETE FROM {_table(facts)} WHERE migration = %s", name)  # noqa: S608 - quoted


def _require_whole(ctx: Context, names: Sequence[str]) -> None:
    states = begun_already(ctx, names)
    lines = [line for each in states if each.applied is not AppliedState.ALL for line in each.lines]
    if lines:
        raise Refused(
            "The schema does not have all changes of these migrations",
            where=", ".join(names),
            todo="see `cosmicdeploy diagnose migration`",
            details=lines,
        )


def _table(facts: Facts) -> str:
    return f"{quoted(facts.schema)}.{quoted(MIGRATIONS_TABLE)}"
