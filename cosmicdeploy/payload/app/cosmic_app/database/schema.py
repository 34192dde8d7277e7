"""The current columns of two tables; a migration may change them while the service runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymysql.cursors import DictCursor

REMOTES = "remotes"  # the devices
TRANSITIONS = "device_status_transitions"
MAXIMUM_AGE_SECONDS = 5.0


@dataclass(frozen=True)
class Schema:
    """The columns of two tables at the time of the query; migrations change them."""

    remotes: frozenset[str]
    transitions: frozenset[str]

    @property
    def tracks_status_changes(self) -> bool:
        """Whether `remotes` has the columns about status changes."""
        return "last_status_change_at" in self.remotes


@dataclass
class SchemaCache:
    """Keeps the schema that was read last, until it is too old or forgotten."""

    _schema: Schema | None = None
    _read_at: float = 0.0

    def get(self, cursor: DictCursor) -> Schema:
        """Return the schema, at most `MAXIMUM_AGE_SECONDS` old."""
        if self._schema is None or time.monotonic() - self._read_at > MAXIMUM_AGE_SECONDS:
            self._schema = read_schema(cursor)
            self._read_at = time.monotonic()
        return self._schema

    def forget(self) -> None:
        """Make the next `get` read the schema again."""
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
