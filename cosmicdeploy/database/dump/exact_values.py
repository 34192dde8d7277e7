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

    The same holds for a default, except that of a NOT NULL column of an empty table, which the
    server does not tell. Reads only tables with a column whose type makes a change possible. Raises
    `DatabaseError`.
    """
    changed = [
        f"{table}.{column} ({rows} rows)"
        for table, conditions in _suspects(facts).items()
        for column, rows in _count(facts, table, conditions)
        if rows
    ]
    changed += [f"{name} (its default)" for name in _changed_defaults(facts)]
    if changed:
        named = ", ".join(changed)
        raise BackupError(
            "A dump would change values that have no character in utf8mb4, an ENUM's error value,"
            f" or an empty VECTOR: {named}",
            where=facts.session.where,
            todo="correct these values, or make the columns VARBINARY or BLOB",
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
        yield _is_changed(column, charset)
    if kind.lower().startswith("enum(") and "" in MEMBER.findall(kind):
        # The error value is dumped as '', which a load takes for the member ''.
        yield f"{column} + 0 = 0"


def _is_changed(value: str, charset: str) -> str:
    """Return the SQL condition under which a text's code is another one after a dump."""
    back = f"CONVERT(CONVERT({value} USING utf8mb4) USING {charset})"
    return f"NOT (CAST({back} AS BINARY) <=> CAST({value} AS BINARY))"


def _changed_defaults(facts: Facts) -> Iterator[str]:
    """Yield the columns whose default a dump would change.

    The server shows a default only as the character, which may have two codes in its character set.
    The function DEFAULT gives the code itself, for a row of the table or for the missing row of an
    outer join. It accepts no expression; the literals of those are checked elsewhere.
    """
    rows = facts.session.rows(
        "SELECT table_name, column_name, character_set_name FROM information_schema.columns"
        " WHERE table_schema = %s AND character_set_name IS NOT NULL AND column_default IS NOT NULL"
        " AND extra NOT LIKE '%%DEFAULT_GENERATED%%'",
        facts.schema,
    )
    tables = facts.engines()
    for table, column, charset in sorted(rows):
        if charset not in EXACT and table in tables:
            condition = _is_changed(f"DEFAULT(t.{quoted(column)})", str(charset))
            source = f"{quoted(facts.schema)}.{quoted(table)}"
            answers = facts.session.rows(
                f"(SELECT {condition} FROM {source} AS t LIMIT 1) UNION ALL"  # noqa: S608 - quoted
                f" SELECT {condition} FROM (SELECT 1) AS one LEFT JOIN {source} AS t ON FALSE"
            )
            if any(changed for (changed,) in answers):
                yield f"{table}.{column}"


def _count(facts: Facts, table: str, conditions: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Yield each column and the number of rows that meet its condition."""
    sums = ", ".join(f"COUNT(IF({each}, 1, NULL))" for each in conditions.values())
    source = f"{quoted(facts.schema)}.{quoted(table)}"
    counts = facts.session.rows(f"SELECT {sums} FROM {source}")[0]  # noqa: S608 - quoted
    yield from zip(conditions, map(int, counts), strict=True)
