"""The step `migrate`: run the application's pending migrations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from cosmicdeploy.context import Context
from cosmicdeploy.database.schema.facts import MIGRATIONS_TABLE, open_facts
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CosmicError, MigrationFailed, Refused
from cosmicdeploy.journal.interrupted_migration import BegunMigration, interrupted_migration
from cosmicdeploy.migrations.preview import Statement
from cosmicdeploy.migrations.status import summarize_names, was_not_confirmed
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
from cosmicdeploy.steps.commands.new_image import in_new_image, last_lines
from cosmicdeploy.steps.commands.trial import remove_trials
from cosmicdeploy.steps.schema import interrupted_migrations
from cosmicdeploy.steps.schema.down import roll_down
from cosmicdeploy.steps.schema.lock_wait import (
    TIMED_OUT,
    lock_wait_before,
    put_back,
    short_lock_wait,
)
from cosmicdeploy.steps.schema.pending import (
    counted,
    pending_names_once,
    pending_statements,
    refused,
    require_allowed,
    unknown_allowed,
)

# In seconds; a server that crashed and takes longer to restart needs a person.
BACK_WITHIN = 60
# The server's errors for what a migration would create a second time.
ALREADY_EXISTS = re.compile(r"already exists|duplicate (?:column|key) name", re.IGNORECASE)


class MigrateStep(Step):
    """Run pending migrations in the image that has them; undo exactly those."""

    kind: ClassVar[str] = "migrate"
    migrates: ClassVar[bool] = True
    keeps_data: ClassVar[bool] = True

    empty_only: bool = Field(
        default=False, description="Migrate only a schema that nothing ever migrated."
    )

    def check(self, ctx: Context) -> Finding:
        if not self.empty_only:
            interrupted_migrations.require_whole(ctx)
        if ctx.run.is_planning and not ctx.run.is_plan_only and ctx.run.steps_ahead.build_images:
            # The present image is asked for a plan alone; a run asks the new image anyway.
            return Undecided(reason="seen in the new image")
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
        if harmful:  # the new image may bring a corrected migration
            summary += f"; refused as it is now ({harmful[0].why}), seen again after build"
        return self._change(ctx, summary, names, statements)

    def _on_empty(self, ctx: Context) -> Change:
        with open_facts(ctx.database()) as database:
            tables = database.engines()
        if tables:  # showing what would run makes Artisan create its table
            raise Refused(
                "The schema has tables, but no record of migrations: what they would do to those "
                "cannot be shown",
                where=ctx.settings.database.name,
                todo="run the console's migrate:install, then this again",
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
        # Interrupted it would be half done: each DDL statement commits by itself.
        with uninterruptible(), short_lock_wait(ctx, change.before["lock_wait"]):
            result = in_new_image(ctx, ctx.settings.migrate.command, apart=True)
        for line in result.text.splitlines():
            ctx.say(line)
        if result.exit_code != 0:
            raise _failure(ctx, result)
        remove_trials(ctx)  # they started on the former schema and prove nothing about this one
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
            raise _stuck(ctx, begun, error) from error
        found = interrupted_migrations.look(ctx, begun, undone)
        if found.state is not interrupted_migrations.State.UNTOUCHED:
            raise interrupted_migrations.broken(
                found, "The schema is not as it was before the migrations"
            )


def _state(ctx: Context) -> dict[str, Any]:
    with open_facts(ctx.database()) as database:
        return {
            "applied": sorted(database.applied_migrations()),
            "schema": database.schema_digest(),
        }


def _require_no_rows(ctx: Context) -> None:
    """Raise `NotReversible` if tables have rows: going back to an empty schema drops them all."""
    with open_facts(ctx.database()) as database:
        filled = [t.name for t in database.tables() if t.rows and t.name != MIGRATIONS_TABLE]
    if filled:
        raise NotReversible(
            f"Undoing the first migrations would drop tables with rows: {', '.join(filled)}",
            where="database",
            todo="run the same command again to go on",
        )


def _none_pending(ctx: Context) -> str:
    if ctx.run.steps_ahead.build_images:
        return "no migration is pending in the present image; the new one is seen after build"
    return "no migration is pending"


def _unknown_allowed(ctx: Context) -> str:
    """Return the plan's remark on a misspelt --allow; "" before the image is built."""
    unknown = [] if ctx.run.steps_ahead.build_images else unknown_allowed(ctx)
    return f"; no migration is named {', '.join(unknown)} (--allow)" if unknown else ""


def _failure(ctx: Context, result: ExecResult) -> MigrationFailed:
    where = " ".join(ctx.console(*ctx.settings.migrate.command))
    if TIMED_OUT in result.text + result.error_text:
        seconds = ctx.settings.migrate.lock_wait
        return MigrationFailed(
            f"A migration waited {seconds} s in vain for the lock of a table in use",
            where=where,
            todo="deploy again once they are done, or raise migrate.lock_wait: every request to "
            "the table waits as long",
            details=last_lines(result),
        )
    return MigrationFailed(
        f"The migrations failed (exit code {result.exit_code})",
        where=where,
        todo=_todo(result.text + result.error_text),
        details=last_lines(result),
    )


def _todo(output: str) -> str:
    if was_not_confirmed(output):
        return "the console asks for confirmation in production: add --force to migrate.command"
    if ALREADY_EXISTS.search(output):
        return "it may have been run by hand: see `cosmicdeploy diagnose migration`"
    return "correct the migration and deploy again"


def _stuck(ctx: Context, begun: BegunMigration, error: CosmicError) -> CosmicError:
    stuck = interrupted_migrations.broken(interrupted_migrations.look(ctx, begun), error.what)
    stuck.details = (*stuck.details, *error.details)
    return stuck


def _wait_for_database(ctx: Context) -> None:
    """Wait until the database answers; raises its last error if it does not in time."""

    def ping() -> CosmicError | None:
        try:
            with open_facts(ctx.database()) as database:
                database.ping()
        except CosmicError as error:
            return error
        return None

    if error := poll(ping, until=lambda error: error is None, every=1, within=BACK_WITHIN):
        raise error
