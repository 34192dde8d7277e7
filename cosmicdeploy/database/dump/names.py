"""Refuse names that a dump cannot hold: dump tools write names into lines of their own."""

from __future__ import annotations

from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.errors import BackupError

# What a name is of → the view of information_schema that lists it, its column, and the column with
# the schema. The views of what is in a table also have the table's name.
SOURCES = (
    ("table or view", "tables", "table_name", "table_schema"),
    ("column", "columns", "column_name", "table_schema"),
    ("index", "statistics", "index_name", "table_schema"),
    ("constraint", "table_constraints", "constraint_name", "table_schema"),
    ("partition", "partitions", "partition_name", "table_schema"),
    ("partition", "partitions", "subpartition_name", "table_schema"),
    ("trigger", "triggers", "trigger_name", "trigger_schema"),
    ("routine", "routines", "routine_name", "routine_schema"),
    ("event", "events", "event_name", "event_schema"),
)
LINE_ENDS = "\n\r"
# MariaDB's dump tool puts a backslash before each of these in the schema's name, and then finds no
# such schema.
QUOTES = "'\"\\"
IN_TABLES = frozenset({"column", "index", "constraint", "partition"})


def require_dumpable_names(facts: Facts) -> None:
    """Raise `BackupError` if a name has a line end, or the schema's name a quote or backslash.

    Raises `DatabaseError`.
    """
    parts = [_query(*source) for source in SOURCES]
    found = set(facts.session.rows(" UNION ALL ".join(parts), *[facts.schema] * len(parts)))
    if set(facts.schema) & {*LINE_ENDS, *QUOTES}:
        found.add(("schema", facts.schema, ""))
    if found:
        named = ", ".join(_described(*each) for each in sorted(found))
        raise BackupError(
            f"A dump cannot hold names with a quote or a line end: {named}",
            where=facts.session.where,
            todo="rename them",
        )


def _query(kind: str, source: str, column: str, schema: str) -> str:
    table = "table_name" if kind in IN_TABLES else "''"
    return (
        f"SELECT '{kind}', {column}, {table} FROM information_schema.{source}"  # noqa: S608 - fixed words
        f" WHERE {schema} = %s AND {column} REGEXP '[{LINE_ENDS}]'"
    )


def _described(kind: str, name: str, table: str) -> str:
    return f"{kind} {name!r} of {table!r}" if table else f"{kind} {name!r}"
