"""Compare the columns of two schemas: can a release written for one use the other?"""

from __future__ import annotations

import re

from cosmicdeploy.database.schema.columns import Column, Outline, read_columns
from cosmicdeploy.database.session import Session

# A display width has no effect on the data, and newer versions of MySQL do not report it.
DISPLAY_WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)")


def read_outline(session: Session, schema: str) -> Outline:
    """Return the columns of each table and view. Raises `DatabaseError`."""
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
    """Return a line for each column that differs, in tables that both schemas have.

    Compares only what servers of all versions report alike: whether the column exists, its type
    without a display width, and whether it accepts NULL.
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


def incompatibilities(needed: Outline, schema: Outline) -> list[str]:
    """Return why code written for the schema `needed` cannot use `schema`; empty if it can.

    The code can use a schema that has every table and column of `needed`. Each of these columns
    must have the same type, and accept NULL if it does in `needed`. Every other column of these
    tables must accept NULL or get its value from the server.
    """
    lines = [f"table {table} is missing" for table in needed if table not in schema]
    for table in sorted(needed.keys() & schema.keys()):
        lines += _column_incompatibilities(table, needed[table], schema[table])
    return lines


def _column_incompatibilities(
    table: str, needed: dict[str, Column], schema: dict[str, Column]
) -> list[str]:
    lines = []
    for name, known in needed.items():
        column = schema.get(name)
        if column is None:
            lines.append(f"column {table}.{name} is missing")
        elif column.type != known.type:
            lines.append(f"column {table}.{name} is {column.type} instead of {known.type}")
        elif known.nullable and not column.nullable:
            lines.append(f"column {table}.{name} no longer accepts NULL")
    for name in schema.keys() - needed.keys():
        if not schema[name].nullable and not schema[name].fills_itself:
            lines.append(
                f"column {table}.{name} needs a value, and the code does not know the column"
            )
    return lines
