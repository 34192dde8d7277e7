"""Refuse names that a dump cannot hold, since dump tools write them into comments of one line."""

from __future__ import annotations

from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.errors import BackupError

# For each kind of name: what it names, the view of information_schema that lists it, its column,
# and the column with the schema. For the kinds IN_TABLES, the view also has the table's name.
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
# MariaDB's dump tool puts a backslash before each of these characters in the schema's name, and
# then finds no schema of that name.
QUOTES = "'\"\\"
IN_TABLES = frozenset({"column", "index", "constraint", "partition"})


def require_dumpable_names(facts: Facts) -> None:
    """Raise `BackupError` for a line end in a name, or a quote or backslash in the schema's name.

    Raises `DatabaseError`.
    """
    parts = [_query(*source) for source in SOURCES]
    found = set(facts.session.rows(" UNION ALL ".join(parts), *[facts.schema] * len(parts)))
    if set(facts.schema) & {*LINE_ENDS, *QUOTES}:
        found.add(("schema", facts.schema, ""))
    if found:
        named = ", ".join(_described(*each) for each in sorted(found))
        raise BackupError(
            "A dump cannot hold a line end in a name, or a quote or backslash in the schema's name:"
            f" {named}",
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
