"""Decide whether the pending migrations may run, before anything is stopped for them."""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import Refused
from cosmicdeploy.steps.schema import first_migrations
from cosmicdeploy.steps.schema.asking.commands import how_to_run
from cosmicdeploy.steps.schema.interrupted_migrations import require_whole
from cosmicdeploy.steps.schema.pending import (
    pending_names_once,
    pending_statements,
    require_allowed,
)


def require_admitted(ctx: Context) -> None:
    """Raise the error with which the step `migrate` would refuse to run.

    Raises `Refused` if a pending migration may destroy data, or if the console cannot show which
    migrations are pending. Raises `NeedsPerson` if migrations of an interrupted run are half done.
    Raises `NotReversible` if these were the first migrations, and tables that they created may have
    rows that the migrations did not write.
    """
    if (begun := first_migrations.half_done(ctx)) is not None:
        first_migrations.to_drop(ctx, begun)  # only its check: the step `migrate` drops and reruns
        return
    require_whole(ctx)
    names = pending_names_once(ctx)
    if names is None:
        require_bookkeeping(ctx)
    else:
        require_allowed(ctx, pending_statements(ctx, names))


def require_bookkeeping(ctx: Context) -> None:
    """Raise `Refused` if a schema without the framework's table has other tables."""
    with open_facts(ctx.database()) as database:
        tables = database.engines()
    if tables:  # to show what would run, the console would create the framework's table
        install = ctx.framework.definition.install
        command = ctx.framework.command(install)
        raise Refused(
            "The schema has tables but no migrations table, so the console cannot show what is "
            "pending",
            where=ctx.require_database().name,
            todo=f"{how_to_run(ctx, command)}, then this command again"
            if install
            else f"have {ctx.framework.name} create its table, then run this command again",
        )
