"""Refuse values that a dump would change, since a dump is text in utf8mb4."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.errors import BackupError

# Character sets whose codes MariaDB and MySQL convert to utf8mb4 and back without a change. The
# tests convert all codes of one and two bytes. ascii is not among these sets, since in MariaDB a
# text in ascii may hold any other byte too.
EXACT = frozenset(
    {"cp850", "cp852", "cp866", "keybcs2", "koi8r", "koi8u", "latin1", "latin2", "latin5", "latin7"}
    | {"macce", "macroman", "utf8", "utf8mb3", "utf8mb4", "utf16", "utf16le", "utf32", "binary"}
)
MEMBER = re.compile(r"'((?:[^']|'')*)'")


def require_exact_values(facts: Facts) -> None:
    """Raise `BackupError` if a dump would change values, with the number of rows of each column.

    Reads only tables with a column whose type makes that possible. Raises `DatabaseError`.
    """
    changed = {
        f"{table}.{column}": rows
        for table, conditions in _suspects(facts).items()
        for column, rows in _count(facts, table, conditions)
        if rows
    }
    if changed:
        named = ", ".join(f"{column} ({rows} rows)" for column, rows in changed.items())
        raise BackupError(
            "A dump would change values that have no character in utf8mb4, an ENUM's error value,"
            f" or an empty VECTOR: {named}",
            where=facts.session.where,
            todo="correct these rows, or make the columns VARBINARY or BLOB",
        )


def _suspects(facts: Facts) -> dict[str, dict[str, str]]:
    """Return table → column → the SQL condition under which a dump changes a value."""
    rows = facts.session.rows(
        "SELECT table_name, column_name, character_set_name, column_type"
        " FROM information_schema.columns WHERE table_schema = %s"
        " AND (character_set_name IS NOT NULL OR data_type = 'vector')",
        facts.schema,
    )
    tables: dict[str, dict[str, str]] = {name: {} for name in facts.engines()}
    for table, column, charset, kind in sorted(rows):
        conditions = list(_conditions(quoted(column), str(charset), str(kind)))
        if table in tables and conditions:
            tables[table][column] = " OR ".join(conditions)
    return {table: columns for table, columns in tables.items() if columns}


def _conditions(column: str, charset: str, kind: str) -> Iterator[str]:
    if kind.lower().startswith("vector"):
        # A server that is not in strict mode stores an empty VECTOR for a missing value. But no
        # server accepts an INSERT of an empty VECTOR.
        yield f"LENGTH({column}) = 0"
        return
    if charset not in EXACT:
        back = f"CONVERT(CONVERT({column} USING utf8mb4) USING {charset})"
        yield f"NOT (CAST({back} AS BINARY) <=> CAST({column} AS BINARY))"
    if kind.lower().startswith("enum(") and "" in MEMBER.findall(kind):
        # The error value is dumped as '', which a load takes for the member ''.
        yield f"{column} + 0 = 0"


def _count(facts: Facts, table: str, conditions: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Yield each column and the number of rows that meet its condition."""
    sums = ", ".join(f"COUNT(IF({each}, 1, NULL))" for each in conditions.values())
    source = f"{quoted(facts.schema)}.{quoted(table)}"
    counts = facts.session.rows(f"SELECT {sums} FROM {source}")[0]  # noqa: S608 - quoted
    yield from zip(conditions, map(int, counts), strict=True)
