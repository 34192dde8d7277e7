"""Notices about migrations: which promises of a run the framework cannot keep."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import StackNotice


def migration_notices(ctx: Context) -> Iterator[StackNotice]:
    """Yield a notice if no migration is run, and one for each promise that cannot be kept."""
    if not ctx.has_database:
        return
    if not ctx.framework.runs_migrations:
        yield _not_run(ctx)
        return
    if not ctx.framework.shows_sql:
        yield StackNotice(
            kind="no SQL",
            service="",
            what=f"{ctx.framework.name} does not show the SQL of migrations, so none is checked"
            " before it runs: each has to be allowed by name",
            todo="read the migration, then allow it: `cosmicdeploy deploy --allow MIGRATION`, or"
            " migrate.allow in cosmicdeploy.yaml",
        )
    if not ctx.framework.can_go_back:
        yield StackNotice(
            kind="no way back",
            service="",
            what=f"{ctx.framework.name} cannot roll migrations back: if a deploy fails after its"
            " migrations, they stay applied, and `rollback --migration` is refused",
            todo="to go back, roll back the data as well: `cosmicdeploy rollback --to BACKUP`",
        )
    elif ctx.framework.bookkeeping is None:
        yield StackNotice(
            kind="no table",
            service="",
            what="a backup does not record which migrations had run, so `rollback --migration` is"
            " refused",
            todo=f"describe the table of migrations as `table` in {ctx.framework.source}",
        )


def _not_run(ctx: Context) -> StackNotice:
    if ctx.settings.migrate.framework:
        return StackNotice(
            kind="no migrations",
            service="",
            what="no migration is run or rolled back: migrate.framework is none",
            todo="if a framework runs the application's migrations, name it in migrate.framework",
        )
    return StackNotice(
        kind="no console",
        service="",
        what="no migration is run or rolled back",
        todo="if the application has a console, set app.console in cosmicdeploy.yaml; if another"
        " program runs its migrations, set migrate.framework",
    )
