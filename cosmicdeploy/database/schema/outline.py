"""Compare a schema as code sees it: can a release made for one schema use another?"""

from __future__ import annotations

import re

from cosmicdeploy.database.schema.columns import Column, Outline, read_columns
from cosmicdeploy.database.session import Session

# Means nothing to the data, and newer MySQL versions no longer report it.
DISPLAY_WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)")


def read_outline(session: Session, schema: str) -> Outline:
    """Return tables and views with their columns, as code uses them. Raises `DatabaseError`."""
    return {
        table: {
            name: Column(
                type=column.type, nullable=column.nullable, fills_itself=column.fills_itself
            )
            for name, column in columns.items()
        }
        for table, columns in read_columns(session, schema).items()
    }


def column_changes(then: Outline, now: Outline) -> list[str]:
    """Return how the columns of tables in both schemas differ.

    Compares only what every server version reports alike.
    """
    lines = []
    for table in sorted(then.keys() & now.keys()):
        old, new = then[table], now[table]
        for name in sorted(old.keys() | new.keys()):
            before, after = _portable(old.get(name)), _portable(new.get(name))
            if before != after:
                lines.append(f"column {table}.{name} is {after} instead of {before}")
    return lines


def _portable(column: Column | None) -> str:
    if column is None:
        return "missing"
    return DISPLAY_WIDTH.sub(r"\1", column.type) + (" NULL" if column.nullable else " NOT NULL")


def incompatibilities(code: Outline, schema: Outline) -> list[str]:
    """Return why code made for the schema `code` cannot use `schema`; empty if it can.

    The code can use a schema that has every table and column it knows, with the same type, and
    whose other columns need no value from it.
    """
    lines = [f"table {table} is missing" for table in code if table not in schema]
    for table in sorted(code.keys() & schema.keys()):
        lines += _column_incompatibilities(table, code[table], schema[table])
    return lines


def _column_incompatibilities(
    table: str, code: dict[str, Column], schema: dict[str, Column]
) -> list[str]:
    lines = []
    for name, known in code.items():
        column = schema.get(name)
        if column is None:
            lines.append(f"column {table}.{name} is missing")
        elif column.type != known.type:
            lines.append(f"column {table}.{name} is {column.type} instead of {known.type}")
        elif known.nullable and not column.nullable:
            lines.append(f"column {table}.{name} must not be NULL any more")
    for name in schema.keys() - code.keys():
        if not schema[name].nullable and not schema[name].fills_itself:
            lines.append(f"column {table}.{name} must be filled, and that code does not know it")
    return lines
