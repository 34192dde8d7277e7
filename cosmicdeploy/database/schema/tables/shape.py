"""The shape of a schema: what the classification of migrations needs to know about its tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cosmicdeploy.database.schema.tables.columns import LiveColumn, read_columns
from cosmicdeploy.database.session import Session


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """A table: its default character set, columns, indexes and constraints.

    The names of columns, indexes and constraints are in lower case.
    """

    charset: str = "utf8mb4"
    columns: dict[str, LiveColumn] = field(default_factory=dict)
    indexes: frozenset[str] = frozenset()
    constraints: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The tables of a schema by name, and the names of its views."""

    tables: dict[str, TableShape] = field(default_factory=dict)
    views: frozenset[str] = frozenset()


def read_shape(session: Session, schema: str) -> Shape:
    """Read the present shape of a schema. Raises `DatabaseError`."""
    kinds = session.rows(
        "SELECT table_name, table_type, table_collation FROM information_schema.tables"
        " WHERE table_schema = %s",
        schema,
    )
    indexes = _names_by_table(session, schema, "statistics", "index_name")
    constraints = _names_by_table(session, schema, "table_constraints", "constraint_name")
    columns = read_columns(session, schema)
    tables = {
        name: TableShape(
            charset=str(collation).split("_")[0],
            columns={key.lower(): column for key, column in columns.get(name, {}).items()},
            indexes=_names_of(name, indexes),
            constraints=_names_of(name, constraints),
        )
        for name, kind, collation in kinds
        if kind != "VIEW"
    }
    return Shape(tables=tables, views=frozenset(row[0] for row in kinds if row[1] == "VIEW"))


def _names_by_table(session: Session, schema: str, source: str, name: str) -> list[tuple[str, str]]:
    rows = session.rows(
        f"SELECT table_name, {name} FROM information_schema.{source}"  # noqa: S608 - fixed words
        " WHERE table_schema = %s",
        schema,
    )
    return [(str(row[0]), str(row[1])) for row in rows]


def _names_of(table: str, pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(name.lower() for owner, name in pairs if owner == table)
