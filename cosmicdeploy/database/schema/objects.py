"""List the objects of a schema by kind, and drop objects that did not exist before a run.

Tables are dropped only while they are locked, after the caller has checked their rows once more: so
no row that a client writes in between is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import names_of
from cosmicdeploy.database.session import Session, execute_when_unlocked

# The word of a DROP statement, and the object's name.
SchemaObject = tuple[str, str]
TABLE = "TABLE"
# The server's table type → the word for it in a DROP statement, if that word is not TABLE.
OTHER_TABLES = {"VIEW": "VIEW", "SYSTEM VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}


def schema_objects(session: Session, schema: str) -> list[SchemaObject]:
    """Return the tables, views, sequences, routines and events of a schema, ordered.

    Triggers are part of their table. Raises `DatabaseError`.
    """
    return sorted(
        [(OTHER_TABLES.get(kind, TABLE), name) for kind, name in _tables(session, schema)]
        + _of(session, "routine_type, routine_name", "routines", "routine_schema", schema)
        + [("EVENT", name) for name in names_of(session, schema, "EVENT")]
    )


def _tables(session: Session, schema: str) -> list[tuple[str, str]]:
    """Return the server's table type and the name of each table, view and sequence."""
    return _of(session, "table_type, table_name", "tables", "table_schema", schema)


def _of(
    session: Session, columns: str, source: str, schema_column: str, schema: str
) -> list[tuple[str, str]]:
    sql = f"SELECT {columns} FROM information_schema.{source} WHERE {schema_column} = %s"  # noqa: S608 - fixed words
    return [(str(kind), str(name)) for kind, name in session.rows(sql, schema)]


def table_checksums(session: Session, schema: str, tables: Collection[str]) -> dict[str, str]:
    """Return the server's checksum of each of these tables. Reads the tables completely.

    Raises `DatabaseError`.
    """
    if not tables:
        return {}
    rows = session.rows(f"CHECKSUM TABLE {_listed(schema, tables)}")
    return {str(name).removeprefix(f"{schema}."): str(checksum) for name, checksum in rows}


def filled_tables(session: Session, schema: str, tables: Collection[str]) -> list[str]:
    """Return those of these tables that have a row. Raises `DatabaseError`."""
    return [
        name
        for name in tables
        if session.rows(f"SELECT 1 FROM {quoted(schema)}.{quoted(name)} LIMIT 1")  # noqa: S608 - quoted
    ]


def drop_objects(
    session: Session, schema: str, objects: Collection[SchemaObject], check: Callable[[], None]
) -> None:
    """Drop these objects, the tables first.

    `check` is called while the session holds the locks of the tables. If a table must stay, `check`
    raises an error, and nothing is dropped. Leaves the session with `foreign_key_checks` off.
    Raises `DatabaseError`, also if a table is still in use after a minute.
    """
    session.execute("SET SESSION foreign_key_checks = 0")
    if tables := [name for kind, name in objects if kind == TABLE]:
        _drop_tables(session, schema, tables, check)
    for kind, name in sorted(objects):
        if kind != TABLE:
            session.execute(f"DROP {kind} IF EXISTS {quoted(schema)}.{quoted(name)}")


def _drop_tables(
    session: Session, schema: str, tables: Sequence[str], check: Callable[[], None]
) -> None:
    locks = ", ".join(f"{quoted(schema)}.{quoted(name)} WRITE" for name in tables)
    execute_when_unlocked(session, f"LOCK TABLES {locks}")
    try:
        check()
        session.execute(f"DROP TABLE {_listed(schema, tables)}")
    finally:
        session.execute("UNLOCK TABLES")


def _listed(schema: str, tables: Collection[str]) -> str:
    return ", ".join(f"{quoted(schema)}.{quoted(name)}" for name in tables)
