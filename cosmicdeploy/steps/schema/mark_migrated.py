"""The step `mark-migrated`: record migrations as run if the schema has their changes already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.errors import Refused
from cosmicdeploy.migrations.applied import AppliedState
from cosmicdeploy.migrations.names import summarize_names
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.schema.asking.commands import how_to_run
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
        _require_rows(ctx, names)
        _require_whole(ctx, names)
        return Change(summary=f"mark {summarize_names(names)} as run", before={"names": names})

    def apply(self, ctx: Context, change: Change) -> Result:
        names = change.before["names"]
        with open_facts(ctx.database()) as facts:
            batch = facts.highest_batch() + 1
            for name in names:
                ctx.lock.require()
                row = ctx.framework.row_of(name) or {}  # never None: see `_require_rows`
                sql, values = _insertion(facts, row, ctx.framework.added_to_row, batch)
                facts.session.execute(sql, *values)
                ctx.say(f"{name} is marked as run")
        return {"noted": names, "batch": batch}

    def undo(self, ctx: Context, change: Change) -> None:
        with open_facts(ctx.database()) as facts:
            for name in change.before["names"]:
                row = ctx.framework.row_of(name) or {}
                condition = " AND ".join(f"{quoted(column)} = %s" for column in row)
                sql = f"DELETE FROM {_table(facts)} WHERE {condition}"  # noqa: S608 - quoted
                facts.session.execute(sql, *row.values())


def _insertion(
    facts: Facts, row: Mapping[str, str], added: Mapping[str, str], batch: int
) -> tuple[str, list[str | int]]:
    """Return the statement that inserts a row, and its parameters."""
    batches = {column: batch for column, what in added.items() if what == "batch"}
    values: dict[str, str | int] = {**row, **batches}
    times = [column for column, what in added.items() if what == "now"]
    columns = ", ".join(quoted(column) for column in (*values, *times))
    places = ", ".join([*("%s" for _ in values), *("CURRENT_TIMESTAMP" for _ in times)])
    sql = f"INSERT INTO {_table(facts)} ({columns}) VALUES ({places})"  # noqa: S608 - quoted
    return sql, list(values.values())


def _require_rows(ctx: Context, names: Sequence[str]) -> None:
    """Raise `Refused` if a row in the framework's table is not enough to record a migration.

    That depends on the framework alone, so one name shows it for all.
    """
    if ctx.framework.row_of(names[0]) is None:
        by_hand = ctx.framework.command_to_mark(names[0])
        raise Refused(
            f"The deployer cannot record a migration of {ctx.framework.name} as run",
            where=", ".join(names),
            todo=how_to_run(ctx, by_hand) if by_hand else f"record it by {ctx.framework.name}",
        )


def _require_whole(ctx: Context, names: Sequence[str]) -> None:
    """Raise `Refused` if the schema lacks a change of one of these migrations."""
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
    name = facts.bookkeeping.table if facts.bookkeeping else ""
    return f"{quoted(facts.schema)}.{quoted(name)}"
