"""Refuse names that a dump cannot hold: dump tools write names into lines of their own."""

from __future__ import annotations

from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.errors import BackupError

# What a name is of → the view of information_schema that lists it, its column, and the column with
# the schema.
SOURCES = (
    ("table or view", "tables", "table_name", "table_schema"),
    ("column", "columns", "column_name", "table_schema"),
    ("index", "statistics", "index_name", "table_schema"),
    ("constraint", "table_constraints", "constraint_name", "table_schema"),
    ("constraint", "check_constraints", "constraint_name", "constraint_schema"),
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


def require_dumpable_names(facts: Facts) -> None:
    """Raise `BackupError` if a name has a line end, or the schema's name a quote or backslash.

    Raises `DatabaseError`.
    """
    parts = [
        f"SELECT '{kind}', {column} FROM information_schema.{source}"  # noqa: S608 - fixed words
        f" WHERE {schema} = %s AND {column} REGEXP '[{LINE_ENDS}]'"
        for kind, source, column, schema in SOURCES
    ]
    found = set(facts.session.rows(" UNION ALL ".join(parts), *[facts.schema] * len(parts)))
    if set(facts.schema) & {*LINE_ENDS, *QUOTES}:
        found.add(("schema", facts.schema))
    if found:
        named = ", ".join(f"{kind} {name!r}" for kind, name in sorted(found))
        raise BackupError(
            f"A dump cannot hold names with a quote or a line end: {named}",
            where=facts.session.where,
            todo="rename them",
        )
