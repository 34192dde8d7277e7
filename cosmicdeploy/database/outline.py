"""A schema as code sees it: can a release that was made for one read and write another?"""

from __future__ import annotations

from cosmicdeploy.database.access import Session
from cosmicdeploy.database.manifest import Column, Outline


def outline(session: Session, schema: str) -> Outline:
    """Tables and views with their columns. Raises `DatabaseError`."""
    found: Outline = {}
    for table, column, kind, nullable, default, extra in session.rows(
        "SELECT table_name, column_name, column_type, is_nullable, column_default, extra"
        " FROM information_schema.columns WHERE table_schema = %s"
        " ORDER BY table_name, ordinal_position",
        schema,
    ):
        fills_itself = default is not None or "auto_increment" in extra or "GENERATED" in extra
        found.setdefault(str(table), {})[str(column)] = Column(
            type=str(kind), nullable=nullable == "YES", fills_itself=fills_itself
        )
    return found


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
