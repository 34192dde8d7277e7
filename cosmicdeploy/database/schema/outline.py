"""A schema as code sees it: can a release that was made for one read and write another?"""

from __future__ import annotations

import re

from cosmicdeploy.database.access import Session
from cosmicdeploy.database.backups.manifest import Column, Outline
from cosmicdeploy.database.schema import shape
from cosmicdeploy.database.schema.shape import read_columns

FILLED = re.compile("auto_increment|generated")
# It means nothing to the data, and newer MySQL does not tell it any more.
WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)")


def outline(session: Session, schema: str) -> Outline:
    """Tables and views with their columns. Raises `DatabaseError`."""
    return {
        table: {name: _outlined(column) for name, column in columns.items()}
        for table, columns in read_columns(session, schema).items()
    }


def _outlined(found: shape.Column) -> Column:
    filled = found.default is not None or FILLED.search(found.extra)
    return Column(type=found.type, nullable=found.nullable, fills_itself=bool(filled))


def changes(then: Outline, now: Outline) -> list[str]:
    """How the columns of tables that both have differ, by what every server version tells alike."""
    lines = []
    for table in sorted(then.keys() & now.keys()):
        old, new = then[table], now[table]
        for name in sorted(old.keys() | new.keys()):
            was, found = _told(old.get(name)), _told(new.get(name))
            if was != found:
                lines.append(f"column {table}.{name} is {found} instead of {was}")
    return lines


def _told(column: Column | None) -> str:
    if column is None:
        return "missing"
    return WIDTH.sub(r"\1", column.type) + (" NULL" if column.nullable else " NOT NULL")


def obstacles(code: Outline, schema: Outline) -> list[str]:
    """Why code that was made for one schema cannot work on another; empty where it can.

    It can where all that it knows is there as it knows it, and where what it does not know need not
    be filled by it.
    """
    lines = [f"table {table} is missing" for table in code if table not in schema]
    for table in sorted(code.keys() & schema.keys()):
        lines += _columns(table, code[table], schema[table])
    return lines


def _columns(table: str, code: dict[str, Column], schema: dict[str, Column]) -> list[str]:
    lines = []
    for name, known in code.items():
        there = schema.get(name)
        if there is None:
            lines.append(f"column {table}.{name} is missing")
        elif there.type != known.type:
            lines.append(f"column {table}.{name} is {there.type} instead of {known.type}")
        elif known.nullable and not there.nullable:
            lines.append(f"column {table}.{name} must not be NULL any more")
    for name in schema.keys() - code.keys():
        if not schema[name].nullable and not schema[name].fills_itself:
            lines.append(f"column {table}.{name} must be filled, and that code does not know it")
    return lines
