"""The step `compatible`: check that a backup's release can work on the present schema."""

from __future__ import annotations

from typing import ClassVar

from cosmicdeploy.context.context import NO_DATABASE, Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import CosmicError, Refused
from cosmicdeploy.steps.base import Change, Step, Unchanged
from cosmicdeploy.steps.schema.interrupted_migrations import require_whole


class CompatibleStep(Step):
    """Refuse a rollback of the code to a release that cannot read or write the present schema."""

    kind: ClassVar[str] = "compatible"
    only_checks: ClassVar[bool] = True
    needs_target_backup: ClassVar[bool] = True

    def check(self, ctx: Context) -> Change | Unchanged:
        target = target_of(ctx)
        if not ctx.has_database:
            return Unchanged(reason=NO_DATABASE)
        if not target.has_data:
            raise Refused(
                "The schema that the backup's release needs is unknown: the stack had no database"
                " when the backup was made",
                where=f"backup {target.id}",
                todo="choose another backup: `cosmicdeploy backup list`",
            )
        require_whole(ctx)
        with open_facts(ctx.database()) as facts:
            recorded = target.manifest.schema_digest
            if facts.schema_digest(comparable_with=recorded) == recorded:
                return Unchanged(reason="the schema is that of the backup's release")
            problems = facts.incompatibilities(target.manifest.outline)
        if problems:
            raise Refused(
                f"{_release(target)} cannot work on the schema as it is now: {problems[0]}",
                where=f"backup {target.id}",
                todo="leave out --code-only to roll back the data as well, or use --migration"
                " instead of it to roll back the schema and keep newer rows",
                details=problems,
            )
        return Unchanged(reason="the backup's release can read and write the schema as it is now")


def _release(backup: Backup) -> str:
    text = backup.manifest.release_text
    return f"Release {text}" if text else "The backup's release"


def target_of(ctx: Context) -> Backup:
    """Return the backup to roll back to; raises `CosmicError` if the run has none."""
    if ctx.run.target_backup is None:
        raise CosmicError("No backup is named", todo="use `cosmicdeploy rollback --to BACKUP`")
    return ctx.run.target_backup
