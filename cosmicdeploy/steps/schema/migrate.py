"""The step `migrate`: run the application's pending migrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from cosmicdeploy.context import NO_CONSOLE, NO_DATABASE, Context
from cosmicdeploy.database.schema.facts import MIGRATIONS_TABLE, open_facts
from cosmicdeploy.errors import CosmicError, Refused
from cosmicdeploy.journal.interrupted_migration import BegunMigration, interrupted_migration
from cosmicdeploy.migrations.preview import Statement
from cosmicdeploy.migrations.status import summarize_names
from cosmicdeploy.polling import poll
from cosmicdeploy.signals import uninterruptible
from cosmicdeploy.steps.base import (
    Change,
    Finding,
    NotReversible,
    Result,
    Step,
    Unchanged,
    Undecided,
)
from cosmicdeploy.steps.commands.new_image import in_new_image
from cosmicdeploy.steps.commands.trial import remove_trials
from cosmicdeploy.steps.schema import interrupted_migrations
from cosmicdeploy.steps.schema.down import roll_down
from cosmicdeploy.steps.schema.lock_wait import (
    lock_wait_before,
    put_back,
    short_lock_wait,
)
from cosmicdeploy.steps.schema.migration_failure import migration_failure
from cosmicdeploy.steps.schema.pending import (
    counted,
    pending_names_once,
    pending_statements,
    refused,
    require_allowed,
    unknown_allowed,
)

# In seconds; if the server crashed and takes longer to restart, a person has to look at it.
DATABASE_BACK_WITHIN = 60


class MigrateStep(Step):
    """Run the pending migrations in the new image; an undo rolls back exactly these."""

    kind: ClassVar[str] = "migrate"
    migrates: ClassVar[bool] = True
    keeps_data: ClassVar[bool] = True

    empty_only: bool = Field(
        default=False, description="Migrate only if no migration has ever run in the schema."
    )

    def check(self, ctx: Context) -> Finding:
        if not (ctx.has_database and ctx.has_console):
            return Unchanged(reason=NO_CONSOLE if ctx.has_database else NO_DATABASE)
        if not self.empty_only:
            interrupted_migrations.require_whole(ctx)
        if ctx.run.is_planning and not ctx.run.is_plan_only and ctx.run.steps_ahead.build_images:
            # Only `--plan` asks the present image for pending migrations; a run asks the new image
            # once that is built.
            return Undecided(reason="checked in the new image")
        names = pending_names_once(ctx)
        if names is None:
            return self._on_empty(ctx)
        if names and self.empty_only:
            return Unchanged(reason=f"{summarize_names(names)}: left for a deploy")
        if not names:
            return Unchanged(reason=_none_pending(ctx) + _unknown_allowed(ctx))
        statements = pending_statements(ctx, names)
        harmful = refused(ctx, statements)
        if not ctx.run.steps_ahead.build_images:
            require_allowed(ctx, statements)
        summary = f"run {summarize_names(names)}: {counted(statements)}{_unknown_allowed(ctx)}"
        if harmful:  # the new image may have a corrected migration
            summary += f"; refused as it is now ({harmful[0].why}), checked again after build"
        return self._change(ctx, summary, names, statements)

    def _on_empty(self, ctx: Context) -> Change:
        with open_facts(ctx.database()) as database:
            tables = database.engines()
        if tables:  # to show what would run, Artisan would create the migrations table
            raise Refused(
                "The schema has tables but no migrations table, so the console cannot show what is "
                "pending",
                where=ctx.require_database().name,
                todo="run `migrate:install` in the application's console, then this command again",
            )
        return self._change(ctx, "run all migrations on an empty schema", None, ())

    def _change(
        self,
        ctx: Context,
        summary: str,
        names: list[str] | None,
        statements: Sequence[Statement],
    ) -> Change:
        pending = [statement.facts() for statement in statements]
        return Change(
            summary=summary,
            before={
                **_state(ctx),
                "names": names,
                "pending": pending,
                "lock_wait": lock_wait_before(ctx),
            },
            facts={"statements": pending} if pending else {},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        # An interrupted migration is half done: each DDL statement commits by itself.
        with uninterruptible(), short_lock_wait(ctx, change.before["lock_wait"]):
            result = in_new_image(ctx, ctx.settings.migrate.command, apart=True)
        for line in result.text.splitlines():
            ctx.say(line)
        if result.exit_code != 0:
            raise migration_failure(ctx, result)
        remove_trials(ctx)  # trials that started on the former schema prove nothing about this one
        state = _state(ctx)
        ran = set(state["applied"]) - set(change.before["applied"])
        return {"migrations": sorted(ran), "schema": state["schema"]}

    def undo(self, ctx: Context, change: Change) -> None:
        _wait_for_database(ctx)
        if not change.before["applied"]:
            _require_no_rows(ctx)
        if kept := change.before.get("lock_wait"):
            put_back(ctx, kept)
        begun = interrupted_migration(ctx.journal, own=True) or BegunMigration(before=change.before)
        try:
            undone = set(roll_down(ctx, set(change.before["applied"])))
        except CosmicError as error:
            raise _undo_error(ctx, begun, error) from error
        progress = interrupted_migrations.compare_with_schema(ctx, begun, undone)
        if progress.state is not interrupted_migrations.State.UNTOUCHED:
            raise interrupted_migrations.half_done_error(
                progress, "The schema is not as it was before the migrations"
            )


def _state(ctx: Context) -> dict[str, Any]:
    with open_facts(ctx.database()) as database:
        return {
            "applied": sorted(database.applied_migrations()),
            "schema": database.schema_digest(),
        }


def _require_no_rows(ctx: Context) -> None:
    """Raise `NotReversible` if tables have rows: rolling back to an empty schema drops them."""
    with open_facts(ctx.database()) as database:
        filled = [t.name for t in database.tables() if t.rows and t.name != MIGRATIONS_TABLE]
    if filled:
        raise NotReversible(
            f"Undoing the first migrations would drop tables with rows: {', '.join(filled)}",
            where="database",
            todo="run the same command again to continue",
        )


def _none_pending(ctx: Context) -> str:
    if ctx.run.steps_ahead.build_images:
        return "no migration is pending in the present image; the new image is checked after build"
    return "no migration is pending"


def _unknown_allowed(ctx: Context) -> str:
    """Describe names given by --allow that no migration has; "" before the image is built."""
    unknown = [] if ctx.run.steps_ahead.build_images else unknown_allowed(ctx)
    return f"; no migration is named {', '.join(unknown)} (--allow)" if unknown else ""


def _undo_error(ctx: Context, begun: BegunMigration, error: CosmicError) -> CosmicError:
    stuck = interrupted_migrations.half_done_error(
        interrupted_migrations.compare_with_schema(ctx, begun), error.what
    )
    stuck.details = (*stuck.details, *error.details)
    return stuck


def _wait_for_database(ctx: Context) -> None:
    """Wait until the database answers; raise its error after `DATABASE_BACK_WITHIN` seconds."""

    def ping() -> CosmicError | None:
        try:
            with open_facts(ctx.database()) as database:
                database.ping()
        except CosmicError as error:
            return error
        return None

    if error := poll(ping, until=lambda error: error is None, every=1, within=DATABASE_BACK_WITHIN):
        raise error
