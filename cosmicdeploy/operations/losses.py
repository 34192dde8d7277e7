"""What going back to a backup would take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cosmicdeploy.context import Context
from cosmicdeploy.database.catalogue import Backup
from cosmicdeploy.database.compare import RowDifference, row_differences
from cosmicdeploy.database.facts import open_facts


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The time since a backup, and the tables whose rows differ in number since.

    Rows that were changed and not added or deleted are not seen by their number.
    """

    backup: Backup
    age: timedelta
    tables: Sequence[RowDifference]

    @property
    def rows(self) -> str:
        """All differences in one line, for people."""
        more = sum(max(0, (t.now or 0) - (t.backup or 0)) for t in self.tables)
        fewer = sum(max(0, (t.backup or 0) - (t.now or 0)) for t in self.tables)
        if not self.tables:
            return "no table has more or fewer rows"
        parts = [f"{more} newer rows go"] if more else []
        parts += [f"{fewer} deleted rows come back"] if fewer else []
        parts = parts or ["empty tables come or go"]
        return f"{', '.join(parts)}, in {len(self.tables)} tables"


def losses(ctx: Context, backups: Sequence[Backup]) -> list[Loss]:
    """What each of these backups would cost. Raises `DatabaseError`; reads every table once."""
    with open_facts(ctx.database()) as facts:
        tables = facts.tables()
        return [
            Loss(
                backup=backup,
                age=datetime.now(UTC) - backup.manifest.created_at,
                tables=row_differences(backup.manifest, tables),
            )
            for backup in backups
        ]


def candidates(ctx: Context) -> list[Backup]:
    """Backups that one can go back to, newest first."""
    return [backup for backup in ctx.catalogue.list() if backup.good]
