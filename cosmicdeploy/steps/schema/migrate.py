"""The step `migrate`: run the application's pending migrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.schema.facts import Facts, open_facts
from cosmicdeploy.errors import CosmicError, MissingMigrations
from cosmicdeploy.journal.unfinished.interrupted_migration import (
    BegunMigration,
    interrupted_migration,
)
from cosmicdeploy.migrations.names import summarize_names
from cosmicdeploy.migrations.preview import Statement
from cosmicdeploy.process.polling import poll
from cosmicdeploy.process.signals import uninterruptible
from cosmicdeploy.steps.base import (
    Change,
    Finding,
    Result,
    Step,
    Unchanged,
    Undecided,
)
from cosmicdeploy.steps.commands.trial import remove_trials
from cosmicdeploy.steps.schema import first_migrations, interrupted_migrations
from cosmicdeploy.steps.schema.admission import require_bookkeeping
from cosmicdeploy.steps.schema.asking.commands import changed_by
from cosmicdeploy.steps.schema.down import roll_down
from cosmicdeploy.steps.schema.lock_wait import (
    lock_wait_before,
    put_back,
    short_lock_wait,
)
from cosmicdeploy.steps.schema.migration_failure import migration_failure
from cosmicdeploy.steps.schema.pending import (
    counted,
    parents_once,
    pending_names,
    pending_names_once,
    pending_statements,
    refused,
    require_allowed,
    unknown_allowed,
)
from cosmicdeploy.steps.schema.undoing.left_applied import (
    leave_applied,
    names_that_stay,
    stay_if_undone,
)
from cosmicdeploy.steps.schema.undoing.recorded import Before, keeps_a_table, ran_since

# In seconds; if the server crashed and takes longer to restart, a person has to look at it.
DATABASE_BACK_WITHIN = 60
IN_NEW_IMAGE = "checked in the new image"


class MigrateStep(Step):
    """Run the pending migrations in the new image; an undo rolls back exactly these."""

    kind: ClassVar[str] = "migrate"
    migrates: ClassVar[bool] = True
    keeps_data: ClassVar[bool] = True

    empty_only: bool = Field(
        default=False, description="Migrate only if no migration has ever run in the schema."
    )

    def check(self, ctx: Context) -> Finding:
        if ctx.why_no_migrations:
            return Unchanged(reason=ctx.why_no_migrations)
        if not ctx.run.steps_ahead.recover and (begun := first_migrations.half_done(ctx)):
            return _again(ctx, begun)
        if not self.empty_only:
            interrupted_migrations.require_whole(ctx)
        if ctx.run.is_planning and not ctx.run.is_plan_only and ctx.run.steps_ahead.build_images:
            # Only `--plan` asks the present image for pending migrations; a run asks the new image
            # once that is built.
            return Undecided(reason=IN_NEW_IMAGE)
        try:
            names = pending_names_once(ctx)
        except MissingMigrations as error:
            return self._without_files(ctx, error)
        return self._on_empty(ctx) if names is None else self._on_names(ctx, names)

    def _without_files(self, ctx: Context, error: MissingMigrations) -> Finding:
        """Return the finding for an image that lacks files of migrations that have run.

        That is the older image after a rollback of the code alone. Raises the error if no step of
        this run puts another image in place.
        """
        if self.empty_only:
            return Unchanged(reason=f"left for a deploy: {error.what}")
        if ctx.run.steps_ahead.build_images:
            return Undecided(reason=IN_NEW_IMAGE)
        raise error

    def _on_names(self, ctx: Context, names: list[str]) -> Finding:
        if reason := self._no_change(ctx, names):
            return Unchanged(reason=reason)
        statements = pending_statements(ctx, names)
        harmful = refused(ctx, statements)
        if not ctx.run.steps_ahead.build_images:
            require_allowed(ctx, statements)
        summary = f"run {summarize_names(names)}: {counted(statements)}{_unknown_allowed(ctx)}"
        if harmful:  # the new image may have a corrected migration
            summary += f"; refused as it is now ({harmful[0].why}), checked again after build"
        return self._change(ctx, summary, names, statements)

    def _no_change(self, ctx: Context, names: list[str]) -> str:
        """Return why none of these pending migrations is run; "" if they are run."""
        if not names:
            return _none_pending(ctx) + _unknown_allowed(ctx)
        if self.empty_only and not first_migrations.is_empty(ctx):
            return f"{summarize_names(names)}: left for a deploy"
        return ""

    def _on_empty(self, ctx: Context) -> Change:
        require_bookkeeping(ctx)
        return self._change(ctx, "run all migrations on an empty schema", None, ())

    def _change(
        self,
        ctx: Context,
        summary: str,
        names: list[str] | None,
        statements: Sequence[Statement],
    ) -> Change:
        pending = [statement.facts() for statement in statements]
        parents = parents_once(ctx)
        before = {
            **first_migrations.state_before(ctx),
            "names": names,
            "pending": pending,
            "lock_wait": lock_wait_before(ctx),
            **({"parents": parents} if parents else {}),
        }
        stay = stay_if_undone(ctx, before)
        return Change(
            summary=summary + stay.notice,
            before={**before, **stay.record},
            facts={"statements": pending} if pending else {},
        )

    def apply(self, ctx: Context, change: Change) -> Result:
        if change.facts.get("drops"):
            first_migrations.drop_created(ctx, BegunMigration(before=change.before))
        # Each DDL statement commits separately, so an interruption would leave half a migration.
        with uninterruptible(), short_lock_wait(ctx, change.before["lock_wait"]):
            result = changed_by(ctx, ctx.framework.command(ctx.framework.definition.run))
        if result.exit_code != 0:
            raise migration_failure(ctx, result)
        remove_trials(ctx)  # trials that started on the former schema prove nothing about this one
        with open_facts(ctx.database()) as database:
            ran = _ran(ctx, database, change.before)
            contents = first_migrations.contents_after(database, change.before)
            done = {"migrations": sorted(ran), "schema": database.schema_digest()}
        return {**done, "contents": contents} if contents else done

    def undo(self, ctx: Context, change: Change) -> None:
        """Roll back the migrations that ran, or drop what the first migrations created.

        If the framework cannot go back, leaves the migrations applied. Raises `NeedsPerson` if the
        schema is not as it was before.
        """
        _wait_for_database(ctx)
        if kept := change.before.get("lock_wait"):  # a record of an earlier version has none
            put_back(ctx, kept)
        begun = _begun(ctx, change)
        if first_migrations.undo(ctx, begun):
            return
        if not ctx.framework.can_go_back:
            leave_applied(ctx, begun)
            return
        ran = None if keeps_a_table(begun.before) else sorted(_ran_by_list(ctx, begun.before))
        try:
            undone = set(roll_down(ctx, set(change.before["applied"]), ran))
        except CosmicError as error:
            raise _undo_error(ctx, begun, error) from error
        first_migrations.drop_rest(ctx, begun)
        progress = interrupted_migrations.compare_with_schema(ctx, begun, undone)
        if progress.state is not interrupted_migrations.State.UNTOUCHED:
            raise interrupted_migrations.half_done_error(
                progress, "The schema is not as it was before the migrations"
            )

    def kept_after_undo(self, change: Change) -> str:
        return names_that_stay(change.before)

    def leaves_data(self, change: Change) -> bool:
        return bool(names_that_stay(change.before))


def _ran(ctx: Context, database: Facts, before: Before) -> set[str]:
    """Return the migrations that have run since the state `before`."""
    if not keeps_a_table(before):
        return _ran_by_list(ctx, before)
    return ran_since(before, database.applied_migrations().keys())


def _ran_by_list(ctx: Context, before: Before) -> set[str]:
    """Return the migrations that were pending before and are no longer pending."""
    return set(before["names"] or ()) - set(pending_names(ctx) or ())


def _begun(ctx: Context, change: Change) -> BegunMigration:
    """Return the journal's record of the migrations to undo.

    Without a record, assume that the migrations are complete, and that clients have written since.
    """
    begun = interrupted_migration(ctx.journal, for_undo=True)
    return begun or BegunMigration(before=change.before, done={})


def _again(ctx: Context, begun: BegunMigration) -> Change:
    """Return the change that drops what half-done first migrations created, and runs all again."""
    return Change(
        summary="drop what the first migrations of an interrupted run created, then run all"
        " migrations on the empty schema",
        before={**begun.before, "again": True, "lock_wait": lock_wait_before(ctx)},
        facts={"drops": first_migrations.to_drop(ctx, begun)},
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
    """Return the error of a failed undo: how far each statement came, then what `error` advises."""
    stuck = interrupted_migrations.half_done_error(
        interrupted_migrations.compare_with_schema(ctx, begun), error.what
    )
    stuck.details = (*stuck.details, *error.details, *filter(None, [error.todo]))
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
