"""Undo the first migrations of a schema: drop what they created.

Before the first migrations, the schema has nothing that a down migration could restore. So their
undo needs no down migration, and also works if a migration failed half-way. A table is dropped only
if no row in it can be lost: the migrations table, a table without rows, or a table with only the
rows that the migrations wrote.

If the schema had other tables, the migrations may have changed these as well. In that case the down
migrations run first, and only the objects that they leave are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import partial
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.database.schema.objects import (
    TABLE,
    SchemaObject,
    drop_objects,
    filled_tables,
    schema_objects,
    table_checksums,
)
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.journal.unfinished.interrupted_migration import (
    BegunMigration,
    interrupted_migration,
)
from cosmicdeploy.steps.base import NotReversible
from cosmicdeploy.steps.schema.interrupted_migrations import (
    State,
    compare_with_schema,
    half_done_error,
)
from cosmicdeploy.steps.schema.undoing.recorded import (
    keeps_a_table,
    own_tables,
    recorded_tables,
    was_empty,
)
from cosmicdeploy.text.formatting import counted

Before = Mapping[str, Any]


def state_before(ctx: Context) -> dict[str, Any]:
    """Return the schema's state as the journal records it before migrations run.

    If no migration is applied, the state has the objects of the schema, as pairs of kind and name.
    `bookkeeping` are the framework's own tables; without that key, they are Laravel's.
    """
    with open_facts(ctx.database()) as facts:
        applied, digest = sorted(facts.applied_migrations()), facts.schema_digest()
        objects = [] if applied else schema_objects(facts.session, facts.schema)
    state = {"applied": applied, "schema": digest, **recorded_tables(facts.bookkeeping)}
    return state if applied else {**state, "objects": [list(each) for each in objects]}


def contents_after(facts: Facts, before: Before) -> dict[str, str]:
    """Return a checksum of the rows of each table that the first migrations created.

    An undo sees from the checksums whether a client has written since. Empty if these were not the
    first migrations.
    """
    if not _is_recorded(before):
        return {}
    return table_checksums(facts.session, facts.schema, _tables(_created(facts, before), before))


def is_empty(ctx: Context) -> bool:
    """Whether the schema has no table, or only the migrations table without a row."""
    with open_facts(ctx.database()) as facts:
        own = facts.bookkeeping.tables if facts.bookkeeping else frozenset()
        return not facts.applied_migrations() and {*facts.engines()} <= own


def half_done(ctx: Context) -> BegunMigration | None:
    """Return the first migrations that an interrupted run left half done; None if there are none.

    The step `migrate` can drop what these migrations created, and run them again. First waits until
    the interrupted run's command has ended. A plan does not wait: it returns None while the command
    still runs.
    """
    begun = interrupted_migration(ctx.journal)
    if begun is None or begun.done is not None or not was_empty(begun.before):
        return None
    for command in _running_commands(ctx):
        if ctx.run.is_plan_only:
            return None
        ctx.say(f"waiting for {command.name}, which an interrupted run started")
        ctx.engine.wait_until_ended(command.id, ctx.settings.migrate.timeout)
    return begun if compare_with_schema(ctx, begun).state is State.BROKEN else None


def _running_commands(ctx: Context) -> list[Container]:
    """Return the running containers in which interrupted runs started commands."""
    return [
        each
        for each in ctx.engine.leftovers(ctx.stack.project)
        if each.labels[labels.MARKER] == labels.RUN and each.is_active
    ]


def to_drop(ctx: Context, begun: BegunMigration) -> list[str]:
    """Return the objects that the first migrations created, such as "table remotes".

    Raises `NotReversible` if a table may have rows that the migrations did not write.
    """
    with open_facts(ctx.database()) as facts:
        objects = _created(facts, begun.before)
        _require_own_rows(ctx, facts, _tables(objects, begun.before), begun)
    return [f"{kind.lower()} {name}" for kind, name in objects]


def undo(ctx: Context, begun: BegunMigration) -> bool:
    """Undo first migrations without their down migrations; return whether that was possible.

    Drops nothing if these were not the first migrations, or if the schema had other tables before.
    Raises as `drop_created` does, and `NeedsPerson` if a schema that was empty still differs after
    the undo.
    """
    if begun.before["applied"]:
        return False
    if not _were_first(begun.before):
        # These may not have been the first migrations; a down migration must not drop rows.
        if keeps_a_table(begun.before):
            _require_no_rows(ctx, own_tables(begun.before))
        return False
    if not was_empty(begun.before):
        to_drop(ctx, begun)  # only its check, before the down migrations run
        return False
    drop_created(ctx, begun)
    state = state_before(ctx)
    if any(state[key] != begun.before[key] for key in ("applied", "schema")):
        raise half_done_error(
            compare_with_schema(ctx, begun), "The schema is not as it was before the migrations"
        )
    return True


def drop_rest(ctx: Context, begun: BegunMigration) -> None:
    """Drop the objects that down migrations have left, such as those of a failed migration.

    Does nothing if the migrations were not the first. Raises as `drop_created` does.
    """
    if _were_first(begun.before):
        drop_created(ctx, begun)


def drop_created(ctx: Context, begun: BegunMigration) -> None:
    """Drop what the first migrations created.

    Raises `NotReversible`, and drops nothing, if a table may have rows that the migrations did not
    write. Raises `DatabaseError`.
    """
    with open_facts(ctx.database()) as facts:
        objects = _created(facts, begun.before)
        if not objects:
            return
        check = partial(_require_own_rows, ctx, facts, _tables(objects, begun.before), begun)
        check()
        drop_objects(facts.session, facts.schema, objects, check)
    ctx.say(f"{counted(len(objects), 'object')} of the first migrations dropped from the schema")


def _is_recorded(before: Before) -> bool:
    """Whether the record is of first migrations, and has the schema's objects before them."""
    return not before["applied"] and "objects" in before


def _were_first(before: Before) -> bool:
    """Whether the recorded migrations were certainly the first of the schema.

    False for the record of an earlier version. Also false if the schema had tables, but no
    migrations table: then the application records its migrations elsewhere, and these may not have
    been the first.
    """
    tables = {(TABLE, name) for name in own_tables(before)}
    is_listed = _is_recorded(before) and not tables.isdisjoint(_recorded(before))
    return is_listed or was_empty(before)


def _recorded(before: Before) -> list[SchemaObject]:
    return [(kind, name) for kind, name in before["objects"]]


def _created(facts: Facts, before: Before) -> list[SchemaObject]:
    """Return the objects that did not exist before the first migrations."""
    recorded = _recorded(before)
    return [o for o in schema_objects(facts.session, facts.schema) if o not in recorded]


def _tables(objects: Sequence[SchemaObject], before: Before) -> list[str]:
    """Return the names of the tables among the objects, without the framework's own tables."""
    return [name for kind, name in objects if kind == TABLE and name not in own_tables(before)]


def _require_own_rows(
    ctx: Context, facts: Facts, tables: Sequence[str], begun: BegunMigration
) -> None:
    """Raise `NotReversible` if one of the tables may have rows that the migrations did not write.

    If the migrations are complete, the application may have run since. So the rows must be the same
    as right after the migrations. If they are not complete, the current run must have begun them,
    and no container of the application must ever have run. After a kill, it is never certain that
    the migrations wrote the rows: an operator may have put rows into the tables, or may have
    started and removed containers.
    """
    filled = filled_tables(facts.session, facts.schema, tables)
    if begun.done is not None:
        known = begun.done.get("contents") or {}
        now = table_checksums(facts.session, facts.schema, filled)
        filled = [name for name in filled if now[name] != known.get(name)]
    elif begun.is_own and all(map(ctx.is_new, ctx.settings.services.deployed)):
        return
    if filled:
        raise _rows_would_be_lost(filled)


def _require_no_rows(ctx: Context, own: Set[str]) -> None:
    """Raise `NotReversible` if a table has rows, apart from the framework's `own` tables."""
    with open_facts(ctx.database()) as facts:
        filled = [t.name for t in facts.tables() if t.rows and t.name not in own]
    if filled:
        raise _rows_would_be_lost(filled)


def _rows_would_be_lost(tables: Sequence[str]) -> NotReversible:
    return NotReversible(
        f"Undoing the first migrations would drop tables with rows: {', '.join(tables)}",
        where="database",
        todo="keep the tables and their rows: `cosmicdeploy migrate --resolve`; or, if only the"
        " migrations wrote the rows, drop these tables; then run the same command again",
    )
