"""The application's own migrations bring the schema forward."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context import Context
from cosmicdeploy.database.facts import open_facts
from cosmicdeploy.errors import MigrationFailed, NeedsPerson
from cosmicdeploy.steps import migrations
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged
from cosmicdeploy.steps.console import in_new_image, last_lines


class MigrateStep(Step):
    """Run what is pending, in the image that has the migrations; undo exactly that many."""

    kind: ClassVar[str] = "migrate"

    # Migrate only a schema that nothing ever migrated.
    empty_only: bool = False

    def check(self, ctx: Context) -> Change | Unchanged:
        result = in_new_image(ctx, ctx.settings.migrate.status)
        if migrations.NO_TABLE in result.text + result.error_text:
            return self._change(ctx, "run all migrations on an empty schema")
        if result.exit_code != 0 or not migrations.known(result.text):
            raise MigrationFailed(
                "The state of the migrations cannot be read",
                where=" ".join(ctx.console(*ctx.settings.migrate.status)),
                todo="run the command by hand in an app container",
                details=last_lines(result),
            )
        names = migrations.pending(result.text)
        if names and self.empty_only:
            return Unchanged(reason=f"{migrations.listed(names)}: left for a deploy")
        if not names:
            known = "in the present image" if "build" in ctx.ahead else ""
            return Unchanged(reason=f"no migration is pending {known}".strip())
        return self._change(ctx, f"run {migrations.listed(names)}")

    def _change(self, ctx: Context, summary: str) -> Change:
        with open_facts(ctx.database()) as database:
            before = {
                "applied": sorted(database.applied_migrations()),
                "schema": database.schema_digest(),
            }
        return Change(summary=summary, before=before)

    def apply(self, ctx: Context, change: Change) -> Result:
        result = in_new_image(ctx, ctx.settings.migrate.command)
        for line in result.text.splitlines():
            ctx.say(line)
        if result.exit_code != 0:
            raise MigrationFailed(
                f"The migrations failed (exit code {result.exit_code})",
                where=" ".join(ctx.console(*ctx.settings.migrate.command)),
                todo="mend the migration and deploy again",
                details=last_lines(result),
            )
        with open_facts(ctx.database()) as database:
            ran = set(database.applied_migrations()) - set(change.before["applied"])
        return {"migrations": sorted(ran)}

    def undo(self, ctx: Context, change: Change) -> None:
        ran = self._ran(ctx, change)
        if ran:
            # In the image that has the files: the old one would skip them and report success.
            rollback = (*ctx.settings.migrate.rollback, f"--step={ran}")
            result = in_new_image(ctx, rollback)
            ctx.say(f"{ran} migration(s) rolled back")
            if result.exit_code != 0:
                what = "The migrations could not be rolled back"
                raise self._stuck(ctx, what, last_lines(result))
        with open_facts(ctx.database()) as database:
            if database.schema_digest() != change.before["schema"]:
                raise self._stuck(ctx, "The schema is not as it was before the migrations")

    def _ran(self, ctx: Context, change: Change) -> int:
        with open_facts(ctx.database()) as database:
            return len(set(database.applied_migrations()) - set(change.before["applied"]))

    @staticmethod
    def _stuck(ctx: Context, what: str, details: tuple[str, ...] = ()) -> NeedsPerson:
        # By its id: once somebody has tried, "latest" is the backup of the state to leave.
        backup = ctx.catalogue.get("latest").id
        return NeedsPerson(
            what,
            where="database",
            todo=f"go back to the newest backup: `cosmicdeploy rollback --to {backup}`",
            details=details,
        )
