"""A schema's tables, columns, indexes and constraints, to judge statements against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cosmicdeploy.database.access import Session


@dataclass(frozen=True, kw_only=True)
class Column:
    """`type` as the server writes it; `default` None where an INSERT must give a value or NULL."""

    type: str
    nullable: bool
    default: str | None = None
    extra: str = ""
    charset: str | None = None


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """Names of columns are in lower case, as the server compares them."""

    charset: str = "utf8mb4"
    columns: dict[str, Column] = field(default_factory=dict)
    indexes: frozenset[str] = frozenset()
    constraints: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a schema holds now."""

    tables: dict[str, TableShape] = field(default_factory=dict)
    views: frozenset[str] = frozenset()


def read_shape(session: Session, schema: str) -> Shape:
    """The shape of a schema. Raises `DatabaseError`."""
    kinds = session.rows(
        "SELECT table_name, table_type, table_collation FROM information_schema.tables"
        " WHERE table_schema = %s",
        schema,
    )
    indexes = _pairs(session, schema, "statistics", "index_name")
    constraints = _pairs(session, schema, "table_constraints", "constraint_name")
    columns = read_columns(session, schema)
    tables = {
        name: TableShape(
            charset=str(collation).split("_")[0],
            columns={key.lower(): column for key, column in columns.get(name, {}).items()},
            indexes=_of(name, indexes),
            constraints=_of(name, constraints),
        )
        for name, kind, collation in kinds
        if kind != "VIEW"
    }
    return Shape(tables=tables, views=frozenset(row[0] for row in kinds if row[1] == "VIEW"))


def read_columns(session: Session, schema: str) -> dict[str, dict[str, Column]]:
    """Table or view → its columns by name, in their order. Raises `DatabaseError`."""
    rows = session.rows(
        "SELECT table_name, column_name, column_type, is_nullable, column_default, extra,"
        " character_set_name FROM information_schema.columns WHERE table_schema = %s"
        " ORDER BY table_name, ordinal_position",
        schema,
    )
    found: dict[str, dict[str, Column]] = {}
    for table, name, kind, nullable, default, extra, charset in rows:
        found.setdefault(str(table), {})[str(name)] = Column(
            type=str(kind),
            nullable=nullable == "YES",
            default=None if default in (None, "NULL") else str(default),  # MariaDB's no default
            extra=str(extra).lower(),
            charset=charset,
        )
    return found


def _pairs(session: Session, schema: str, source: str, name: str) -> list[tuple[str, str]]:
    rows = session.rows(
        f"SELECT table_name, {name} FROM information_schema.{source}"  # noqa: S608 - our own words
        " WHERE table_schema = %s",
        schema,
    )
    return [(str(table), str(found)) for table, found in rows]


def _of(table: str, pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(name.lower() for owner, name in pairs if owner == table)
