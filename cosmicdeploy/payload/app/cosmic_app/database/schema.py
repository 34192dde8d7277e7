"""The columns that exist now: the service runs before, during and after a migration."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymysql.cursors import DictCursor

REMOTES = "remotes"
TRANSITIONS = "device_status_transitions"
MAXIMUM_AGE_SECONDS = 5.0


@dataclass(frozen=True)
class Schema:
    """The columns of the tables that migrations change."""

    remotes: frozenset[str]
    transitions: frozenset[str]

    @property
    def tracks_status_changes(self) -> bool:
        """Whether the columns about status changes exist."""
        return "last_status_change_at" in self.remotes


@dataclass
class SchemaCache:
    """The last schema that was read; read again once it is old or forgotten."""

    _schema: Schema | None = None
    _read_at: float = field(default=0.0)

    def get(self, cursor: DictCursor) -> Schema:
        """Return the schema, at most `MAXIMUM_AGE_SECONDS` old."""
        if self._schema is None or time.monotonic() - self._read_at > MAXIMUM_AGE_SECONDS:
            self._schema = read_schema(cursor)
            self._read_at = time.monotonic()
        return self._schema

    def forget(self) -> None:
        """Read the schema again at the next use."""
        self._schema = None


def read_schema(cursor: DictCursor) -> Schema:
    """Read the columns from the database."""
    cursor.execute(
        "SELECT TABLE_NAME AS name, COLUMN_NAME AS col FROM information_schema.COLUMNS"
        " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (%s, %s)",
        (REMOTES, TRANSITIONS),
    )
    columns: dict[str, set[str]] = {REMOTES: set(), TRANSITIONS: set()}
    for row in cursor.fetchall():
        columns[row["name"]].add(row["col"])
    return Schema(frozenset(columns[REMOTES]), frozenset(columns[TRANSITIONS]))
