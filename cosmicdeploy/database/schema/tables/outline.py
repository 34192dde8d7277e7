"""Compare the columns of two schemas: can a release written for one schema use the other?"""

from __future__ import annotations

import re

from cosmicdeploy.database.schema.tables.columns import Column, Outline, read_columns
from cosmicdeploy.database.session import Session

# A display width has no effect on the data, and newer versions of MySQL report it only with
# ZEROFILL, which pads results to this width.
DISPLAY_WIDTH = re.compile(r"^((?:tiny|small|medium|big)?int|year)\(\d+\)(?!.*zerofill)")


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
            before, after = _described(old.get(name)), _described(new.get(name))
            if before != after:
                lines.append(f"column {table}.{name} is {after} instead of {before}")
    return lines


def _described(column: Column | None) -> str:
    if column is None:
        return "missing"
    return _portable_type(column) + (" NULL" if column.nullable else " NOT NULL")


def _portable_type(column: Column) -> str:
    """Return the type as servers of all versions report it."""
    return DISPLAY_WIDTH.sub(r"\1", column.type)


def incompatibilities(needed: Outline, schema: Outline) -> list[str]:
    """Return why code written for the schema `needed` cannot use `schema`; empty if it can.

    The code can use a schema that has every table and column of `needed`. Each of these columns
    must have the same type apart from a display width, and accept NULL if it does in `needed`.
    Every other column of these tables must accept NULL or get its value from the server.
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
        elif (present := _portable_type(column)) != (type_ := _portable_type(known)):
            lines.append(f"column {table}.{name} is {present} instead of {type_}")
        elif known.nullable and not column.nullable:
            lines.append(f"column {table}.{name} no longer accepts NULL")
    for name in schema.keys() - needed.keys():
        if not schema[name].nullable and not schema[name].fills_itself:
            lines.append(
                f"column {table}.{name} needs a value, and the code does not know the column"
            )
    return lines
