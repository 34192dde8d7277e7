"""Preview by how many rows a rollback to each backup would change the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import ID, LATEST
from cosmicdeploy.database.backups.owner import FROM_OTHER_STACK
from cosmicdeploy.database.backups.unusable import skipped_lines
from cosmicdeploy.database.restore.manifest_diff import RowDifference, row_differences
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.steps.backups.other_server import know_server
from cosmicdeploy.text.formatting import counted, format_time


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What a rollback to a backup would do to the rows in the database.

    `tables` are the tables whose number of rows has changed since the backup was made; None if that
    is unknown. The differences are net: updated rows do not count, and a deleted row and a new one
    in the same table cancel each other out. `has_data` is False if the rollback restores no data.
    """

    backup: Backup
    tables: Sequence[RowDifference] | None
    has_data: bool = True

    @property
    def rows(self) -> str:
        """The differences in one line, for the operator."""
        if not self.has_data:
            return "none: no data is restored"
        if self.tables is None:
            return "unknown: the tables cannot be read"
        if not self.tables:
            return "no table has more or fewer rows"
        parts = []
        if self.newer:
            parts.append(counted(self.newer, "newer row is lost", "newer rows are lost"))
        if self.deleted:
            restored = "deleted row is restored", "deleted rows are restored"
            parts.append(counted(self.deleted, *restored))
        parts = parts or ["only empty tables differ"]
        return f"{', '.join(parts)}, in {counted(len(self.tables), 'table')}"

    @property
    def newer(self) -> int:
        """The number of rows by which tables have grown since the backup; 0 if unknown."""
        return sum(max(0, (t.now or 0) - (t.backup or 0)) for t in self.tables or ())

    @property
    def deleted(self) -> int:
        """The number of rows by which tables have shrunk since the backup; 0 if unknown."""
        return sum(max(0, (t.backup or 0) - (t.now or 0)) for t in self.tables or ())


def losses(ctx: Context, backups: Sequence[Backup]) -> list[Loss]:
    """Return the loss of a rollback to each of these backups. Counts the live rows only once."""
    if not ctx.has_database:
        return [Loss(backup=backup, tables=(), has_data=False) for backup in backups]
    try:
        with open_facts(ctx.database()) as facts:
            tables = facts.tables()
    except CosmicError:  # the backups are listed even without the database
        return [Loss(backup=backup, tables=None) for backup in backups]
    return [
        Loss(
            backup=backup,
            tables=row_differences(backup.manifest, tables) if backup.has_data else (),
            has_data=backup.has_data,
        )
        for backup in backups
    ]


def rollback_target(ctx: Context, reference: str) -> Backup:
    """Return the backup that `reference` names: an ID, "latest", or a release with one backup.

    Older backups of the release do not count if they hold no data and name the same images as its
    newest backup. Raises `UsageError` if the release has several backups that count, and what
    `Catalogue.get` raises.
    """
    know_server(ctx)
    own = [b for b in ctx.catalogue.list() if b.is_rollback_target]
    of_release = [b for b in own if b.manifest.release == reference]
    if not of_release or reference == LATEST:
        return ctx.catalogue.get(reference)
    newest, *others = of_release
    if any(other.has_data or other.manifest.images != newest.manifest.images for other in others):
        raise UsageError(
            f"Release {reference} has several backups",
            where=str(ctx.catalogue.folder),
            todo="name one of these by its id",
            details=[f"{b.id}  {format_time(b.manifest.created_at)}" for b in of_release],
        )
    return newest


def foreign_target(ctx: Context, reference: str) -> Backup:
    """Return the backup of another stack, or of another database server, with this ID.

    Raises `UsageError` if the backup is this stack's own or no ID is given, `NotConfigured` if the
    stack has no database, and what `Catalogue.find` raises.
    """
    ctx.require_database(
        "The stack has no database, so no data can be restored", "leave out --from-other-stack"
    )
    know_server(ctx)
    if not ID.fullmatch(reference):
        raise UsageError(
            f"{FROM_OTHER_STACK} needs the id of one backup, not {reference!r}",
            where=str(ctx.catalogue.folder),
            todo="`cosmicdeploy backup list --all` shows the ids",
        )
    backup = ctx.catalogue.find(reference)
    if not backup.foreign:
        raise UsageError(
            f"The backup {backup.id} is this stack's own",
            where=str(ctx.catalogue.folder),
            todo=f"leave out {FROM_OTHER_STACK}: `cosmicdeploy rollback --to {backup.id}`",
        )
    return backup


def candidates(ctx: Context) -> list[Backup]:
    """Return the backups that a rollback can use, newest first; warn about the unusable ones."""
    know_server(ctx)
    backups = ctx.catalogue.list()
    for line in skipped_lines(backups):
        ctx.catalogue.warn(line)
    return [backup for backup in backups if backup.is_rollback_target]
