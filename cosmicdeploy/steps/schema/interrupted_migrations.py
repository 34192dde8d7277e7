"""Migrations of an interrupted run: whether they are not begun, half done or done.

The journal says which migrations were begun, the live schema how far they came. MariaDB commits
each DDL statement by itself: a migration that fails leaves what it did before.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from cosmicdeploy.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.database.schema.shape import read_shape
from cosmicdeploy.errors import CosmicError, NeedsPerson
from cosmicdeploy.journal.interrupted_migration import BegunMigration, interrupted_migration
from cosmicdeploy.migrations.preview import NOT_DONE, NOT_KNOWN, Outcome, from_records, outcomes
from cosmicdeploy.migrations.verdict import Kind
from cosmicdeploy.steps.schema.pending import pending_names


class State(StrEnum):
    """How far migrations that were begun came, by the live schema."""

    UNTOUCHED = "nothing of it happened"
    WHOLE = "all of it is done"
    BROKEN = "it is half done"


@dataclass(frozen=True, kw_only=True)
class Found:
    """How far migrations that were begun came, statement by statement."""

    begun: BegunMigration
    state: State
    outcomes: Sequence[Outcome] = ()

    @property
    def lines(self) -> list[str]:
        """A line for each statement and what became of it."""
        return [outcome.line for outcome in self.outcomes]


def look(ctx: Context, begun: BegunMigration, undone: Set[str] = frozenset()) -> Found:
    """Compare the live schema with what was begun; `undone` are migrations that were rolled back
    to their end. Raises `DatabaseError`."""
    with open_facts(ctx.database()) as database:
        applied, digest = set(database.applied_migrations()), database.schema_digest()
        shape = read_shape(database.session, database.schema)
    before = begun.before
    undone = (undone | set((begun.done or {}).get("migrations", ()))) - applied
    became = outcomes(from_records(before.get("pending", ())), shape, applied, undone)
    same = applied == set(before["applied"]) and digest == before["schema"]
    if same and not any(_may_have_run(outcome) for outcome in became):
        return Found(begun=begun, state=State.UNTOUCHED, outcomes=became)
    state = State.WHOLE if _all_done(ctx, begun, applied, digest) else State.BROKEN
    return Found(begun=begun, state=state, outcomes=became)


def _may_have_run(outcome: Outcome) -> bool:
    """Of a statement that changes rows the schema says nothing."""
    from cosmicdeploy.migrations.effects import shows_in_structure  # sqlglot is slow to import

    sql = outcome.statement.sql
    silent = outcome.statement.kind is not Kind.HARMLESS and sql and not shows_in_structure(sql)
    return outcome.state != NOT_DONE and bool(silent)


def _all_done(ctx: Context, begun: BegunMigration, applied: set[str], digest: str) -> bool:
    """Whether all of it is done.

    A migration's row is written after its last statement. A down migration removes the structure
    before the row, so then only the structure counts.
    """
    if begun.done is not None and digest != begun.done.get("schema"):
        return False
    names = begun.before.get("names")
    if names is None:
        return bool(applied) and pending_names(ctx) == []
    return applied >= {*begun.before["applied"], *names}


def require_whole(ctx: Context) -> None:
    """Raise `NeedsPerson` where migrations of an earlier run are half done: how far they came, and
    both ways on."""
    begun = interrupted_migration(ctx.journal)
    if begun is None:
        return
    if ctx.run.steps_ahead.recover:  # the interrupted run's command may still run
        raise CosmicError(
            "It is not known yet whether the migrations of an interrupted run are whole"
        )
    found = look(ctx, begun)
    if found.state is State.BROKEN:
        raise broken(found)
    ctx.say(f"a run was interrupted while it migrated: {found.state}")


def broken(found: Found, what: str = "Migrations of an earlier run are half done") -> NeedsPerson:
    """Return the error that names each statement and both ways on."""
    backup = found.begun.backup
    back = f"go back: `cosmicdeploy rollback --to {backup}`; or " if backup else ""
    by_hand = "correct the schema by hand, then `cosmicdeploy migrate --resolve`"
    unclear = any(outcome.state == NOT_KNOWN for outcome in found.outcomes)
    note = ("what cannot be known may be in the application's log",) if unclear else ()
    return NeedsPerson(what, where="database", todo=back + by_hand, details=(*found.lines, *note))
