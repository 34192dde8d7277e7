"""Columns of tables and views: what application code relies on, and what the server reports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cosmicdeploy.database.session import Session
from cosmicdeploy.database.stored_model import StoredModel

FILLS_ITSELF = re.compile("auto_increment|generated")


class Column(StoredModel):
    """The properties of a column that application code relies on, as manifests store them.

    `fills_itself`: an INSERT may omit the column even if the column is NOT NULL, since the column
    has a default or the server generates its value.
    """

    type: str
    nullable: bool
    fills_itself: bool


class LiveColumn(Column):
    """A column as the server reports it.

    `type` and `default` are texts of the server; MariaDB reports a default as an SQL expression.
    `default` is None if the column has no default, or if its default is NULL. `extra` (such as
    `auto_increment`) is in lower case.
    """

    fills_itself: bool = False
    default: str | None = None
    extra: str = ""
    charset: str | None = None


# Table or view → column → description.
Outline = dict[str, dict[str, Column]]


def read_columns(session: Session, schema: str) -> dict[str, dict[str, LiveColumn]]:
    """Return the columns of each table and view, in their order. Raises `DatabaseError`."""
    rows = session.rows(
        "SELECT table_name, ordinal_position, column_name, column_type, is_nullable,"
        " column_default, extra, character_set_name FROM information_schema.columns"
        " WHERE table_schema = %s",
        schema,
    )
    tables: dict[str, dict[str, LiveColumn]] = {}
    for table, _, name, kind, nullable, default, extra, charset in sorted(rows, key=_position):
        has_default = default not in (None, "NULL")  # MariaDB reports a default of NULL as text
        tables.setdefault(str(table), {})[str(name)] = LiveColumn(
            type=str(kind),
            nullable=nullable == "YES",
            fills_itself=has_default or bool(FILLS_ITSELF.search(str(extra).lower())),
            default=str(default) if has_default else None,
            extra=str(extra).lower(),
            charset=charset,
        )
    return tables


def _position(row: Sequence[Any]) -> tuple[str, int]:
    table, position = row[:2]
    return str(table), int(position)
