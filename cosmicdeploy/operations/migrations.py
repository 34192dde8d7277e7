"""The command `migrate`: pending migrations, and those that an interrupted run left half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import Declined
from cosmicdeploy.journal.interrupted_migration import interrupted_migration
from cosmicdeploy.lock import LockWait, hold_lock, operator_name
from cosmicdeploy.steps.schema import interrupted_migrations
from cosmicdeploy.steps.schema.pending import pending_names, pending_statements


def migrations(ctx: Context) -> dict[str, Any]:
    """Return the pending migrations with their statements, and the state of those that an
    interrupted run began; changes nothing."""
    begun = interrupted_migration(ctx.journal)
    found = interrupted_migrations.look(ctx, begun) if begun else None
    names = pending_names(ctx)
    return {
        "pending": names,
        "statements": [s.facts() for s in pending_statements(ctx, names or ())],
        "interrupted": {"state": found.state, "fates": found.lines} if found else None,
    }


def resolve(
    ctx: Context, command: str, agreed: Callable[[interrupted_migrations.Found], bool]
) -> str:
    """Record that deploys may continue from the present schema; return what was found.

    `agreed` asks the operator. Raises `LockHeld`, and `Declined` if the operator does not agree.
    """
    patience = LockWait(stale_after=ctx.settings.lock.stale_after)
    with hold_lock(ctx.engine, ctx.stack.project, command, patience):
        begun = interrupted_migration(ctx.journal)
        if begun is None:
            return "no run was interrupted while it migrated"
        found = interrupted_migrations.look(ctx, begun)
        whole = found.state is interrupted_migrations.State.WHOLE and not begun.failed
        if whole or found.state is interrupted_migrations.State.UNTOUCHED:
            return f"nothing is to be resolved: {found.state}"
        if not agreed(found):
            raise Declined("Nothing was resolved", todo="say yes once the schema is repaired")
        with open_facts(ctx.database()) as database:
            ctx.journal.append("resolved", who=operator_name(), schema=database.schema_digest())
    return "resolved: the next deploy goes on from the schema as it is"
