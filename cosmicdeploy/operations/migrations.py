"""The command `migrate`: show pending and interrupted migrations, or resolve interrupted ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import Declined
from cosmicdeploy.journal.unfinished.interrupted_migration import interrupted_migration
from cosmicdeploy.lock import LockWait, hold_lock, operator_name
from cosmicdeploy.steps.schema import interrupted_migrations
from cosmicdeploy.steps.schema.pending import pending_names, pending_statements


def migrations(ctx: Context) -> dict[str, Any]:
    """Return the pending migrations with their statements, and the progress of interrupted ones.

    Changes nothing. `pending` is None if the database has no migrations table. `interrupted` is
    None if no run was interrupted during a migration; in it, `fates` has a line for each statement,
    with the statement's outcome.
    """
    begun = interrupted_migration(ctx.journal)
    progress = interrupted_migrations.compare_with_schema(ctx, begun) if begun else None
    names = pending_names(ctx)
    return {
        "pending": names,
        "statements": [s.facts() for s in pending_statements(ctx, names or ())],
        "interrupted": {"state": progress.state, "fates": progress.lines} if progress else None,
    }


def resolve(
    ctx: Context, command: str, agreed: Callable[[interrupted_migrations.MigrationProgress], bool]
) -> str:
    """Record that deploys may continue from the present schema; return a sentence about the result.

    Holds the lock in the name of `command`. `agreed` asks the operator, and is called only if an
    interrupted migration has to be resolved. A migration that ran completely also has to be, if the
    undo of its run had begun. Raises `LockHeld` if another run holds the lock, and `Declined` if
    the operator does not agree.
    """
    lock_wait = LockWait(stale_after=ctx.settings.lock.stale_after)
    with hold_lock(ctx.engine, ctx.stack.project, command, lock_wait):
        begun = interrupted_migration(ctx.journal)
        if begun is None:
            return "nothing to resolve: no run was interrupted during a migration"
        progress = interrupted_migrations.compare_with_schema(ctx, begun)
        is_whole = progress.state is interrupted_migrations.State.WHOLE and not begun.failed
        if is_whole or progress.state is interrupted_migrations.State.UNTOUCHED:
            return f"nothing to resolve: a migration was interrupted, but {progress.state}"
        if not agreed(progress):
            raise Declined(
                "Nothing was resolved",
                todo="repair the schema, then run `cosmicdeploy migrate --resolve` and say yes",
            )
        with open_facts(ctx.database()) as database:
            ctx.journal.append("resolved", who=operator_name(), schema=database.schema_digest())
    return "resolved: the next deploy continues from the present schema"
