"""Find out how far the migrations of an interrupted run came.

The journal says which migrations began; the live schema shows which of their changes were made.
MariaDB commits each DDL statement separately, so a failed migration leaves the changes that it made
before the failure.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.database.schema.tables.shape import read_shape
from cosmicdeploy.errors import CosmicError, NeedsPerson
from cosmicdeploy.journal.unfinished.interrupted_migration import (
    BegunMigration,
    interrupted_migration,
)
from cosmicdeploy.migrations.frameworks.answers.unnamed import PENDING
from cosmicdeploy.migrations.preview import NOT_DONE, NOT_KNOWN, Outcome, from_records, outcomes
from cosmicdeploy.migrations.verdict import Kind
from cosmicdeploy.steps.schema.pending import pending_names
from cosmicdeploy.steps.schema.undoing.recorded import applied_since, keeps_a_table, was_empty


class State(StrEnum):
    """How far migrations came, judged by the live schema."""

    UNTOUCHED = "nothing of it happened"
    WHOLE = "all of it is done"
    BROKEN = "it is half done"


@dataclass(frozen=True, kw_only=True)
class MigrationProgress:
    """How far migrations came, as a whole and statement by statement.

    `applied` are the migrations that have run completely.
    """

    begun: BegunMigration
    state: State
    outcomes: Sequence[Outcome] = ()
    applied: Set[str] = frozenset()

    @property
    def lines(self) -> list[str]:
        """One line for each statement, with its outcome."""
        return [outcome.line for outcome in self.outcomes]


def compare_with_schema(
    ctx: Context, begun: BegunMigration, undone: Set[str] = frozenset()
) -> MigrationProgress:
    """Compare the live schema with the migrations that began.

    `undone` are migrations that were rolled back completely. Raises `DatabaseError`.
    """
    done = (begun.done or {}).get("schema")
    with open_facts(ctx.database()) as database:
        applied = applied_since(begun.before, set(database.applied_migrations()))
        # The present digest, in the form of the digest that was recorded before the migrations, and
        # in the form of the one after them.
        digest = database.schema_digest(comparable_with=begun.before["schema"])
        digest_done = database.schema_digest(comparable_with=done) if done else digest
        shape = read_shape(database.session, database.schema)
    before = begun.before
    undone = (undone | set((begun.done or {}).get("migrations", ()))) - applied
    became = outcomes(from_records(before.get("pending", ())), shape, applied, undone)
    same = applied == set(before["applied"]) and digest == before["schema"]
    if same and not any(_may_have_run(outcome) for outcome in became):
        return MigrationProgress(begun=begun, state=State.UNTOUCHED, outcomes=became)
    state = State.WHOLE if _all_done(ctx, begun, applied, digest_done) else State.BROKEN
    return MigrationProgress(begun=begun, state=state, outcomes=became, applied=applied)


def _may_have_run(outcome: Outcome) -> bool:
    """Whether a statement may have run unseen, because it changes only rows."""
    from cosmicdeploy.migrations.effects import changes_only_structure  # sqlglot is slow to import

    sql = outcome.statement.sql
    changes_rows_only = (
        outcome.statement.kind is not Kind.HARMLESS and sql and not changes_only_structure(sql)
    )
    return outcome.state != NOT_DONE and bool(changes_rows_only)


def _all_done(ctx: Context, begun: BegunMigration, applied: set[str], digest: str) -> bool:
    """Whether the migrations are complete, and no down migration has begun.

    A migration's row is written after its last statement, so the row proves the statements. A down
    migration changes the schema before it removes the row, so the schema must be as it was after
    the migrations, if the journal recorded that.
    """
    if begun.done is not None and digest != begun.done.get("schema"):
        return False
    names = begun.before.get("names")
    if not keeps_a_table(begun.before):
        return pending_names(ctx) == []
    if names is None or PENDING in names:  # the names in the table are not known
        return bool(applied) and pending_names(ctx) == []
    return applied >= {*begun.before["applied"], *names}


def require_whole(ctx: Context) -> None:
    """Raise `NeedsPerson` if migrations of an earlier run are half done.

    Raises `CosmicError` in a plan in which the step `recover` comes first.
    """
    begun = interrupted_migration(ctx.journal) if ctx.has_database else None
    if begun is None:
        return
    if ctx.run.steps_ahead.recover:  # the interrupted run's command may still run
        raise CosmicError(
            "It is not known yet whether the migrations of an interrupted run are complete"
        )
    progress = compare_with_schema(ctx, begun)
    if progress.state is State.BROKEN:
        raise half_done_error(progress)
    ctx.say(f"a run was interrupted while it migrated: {progress.state}")


def half_done_error(
    progress: MigrationProgress, what: str = "Migrations of an earlier run are half done"
) -> NeedsPerson:
    """Return the error for half-done migrations, with each statement and the ways to continue."""
    backup = progress.begun.backup
    back = f"roll back: `cosmicdeploy rollback --to {backup}`; or " if backup else ""
    by_hand = "correct the schema by hand, then `cosmicdeploy migrate --resolve`"
    if was_empty(progress.begun.before):  # see `first_migrations.py`
        back = "`cosmicdeploy deploy` drops what they created, and runs them again; or "
        by_hand = "keep it as it is: `cosmicdeploy migrate --resolve`"
    unclear = any(outcome.state == NOT_KNOWN for outcome in progress.outcomes)
    note = ("the application's log may show whether the unknown statements ran",) if unclear else ()
    return NeedsPerson(
        what, where="database", todo=back + by_hand, details=(*progress.lines, *note)
    )
