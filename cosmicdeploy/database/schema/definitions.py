"""Definitions of views, routines, triggers and events: everything needed to create them again."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.stored_model import StoredModel
from cosmicdeploy.errors import DatabaseError

Kind = Literal["FUNCTION", "PROCEDURE", "VIEW", "TRIGGER", "EVENT"]

# Queries for the names of the objects of each kind, in an order in which they can be created. The
# triggers of one table are in the order in which they fire: it is the order of creation.
NAME_QUERIES: dict[Kind, str] = {
    "FUNCTION": "SELECT routine_name FROM information_schema.routines"
    " WHERE routine_schema = %s AND routine_type = 'FUNCTION' ORDER BY 1",
    "PROCEDURE": "SELECT routine_name FROM information_schema.routines"
    " WHERE routine_schema = %s AND routine_type = 'PROCEDURE' ORDER BY 1",
    "VIEW": "SELECT table_name FROM information_schema.views WHERE table_schema = %s ORDER BY 1",
    "TRIGGER": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %s"
    " ORDER BY event_object_table, action_timing, event_manipulation, action_order",
    "EVENT": "SELECT event_name FROM information_schema.events WHERE event_schema = %s ORDER BY 1",
}
# SHOW CREATE returns the text of an object in one of these columns, depending on its kind.
STATEMENT_COLUMNS = frozenset(
    {
        "Create Function",
        "Create Procedure",
        "Create View",
        "SQL Original Statement",
        "Create Event",
    }
)
DEFINER = re.compile(r"\ACREATE (?:\S+ )??DEFINER=`((?:[^`]|``)*)`@`((?:[^`]|``)*)`")


class Definition(StoredModel):
    """The statement that creates one object, and the session settings under which to run it.

    `statement` is the server's text and does not name the schema. Views have neither `sql_mode` nor
    `database_collation`; only events have a `time_zone`.
    """

    kind: Kind
    name: str
    statement: str
    charset: str
    collation: str
    sql_mode: str = ""
    database_collation: str = ""
    time_zone: str = ""

    @property
    def label(self) -> str:
        """The object's kind and name, as messages show it."""
        return f"{self.kind.lower()} {self.name}"

    @property
    def definer(self) -> str:
        """The account with whose privileges the object runs, as user@host; "" if it names none."""
        match = DEFINER.search(self.statement)
        return "@".join(part.replace("``", "`") for part in match.groups()) if match else ""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the statement and its settings."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Definitions(StoredModel):
    """The objects of a schema, in an order for creating them, and its default collation."""

    collation: str
    objects: tuple[Definition, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Definition, ...]:
        """Return the objects of these kinds."""
        return tuple(each for each in self.objects if each.kind in kinds)

    def with_events(self, events: tuple[Definition, ...]) -> Definitions:
        """Return a copy with these events instead of the present ones."""
        others = self.of("FUNCTION", "PROCEDURE", "VIEW", "TRIGGER")
        return self.model_copy(update={"objects": (*others, *events)})

    def definers(self) -> tuple[str, ...]:
        """Return the accounts with whose privileges the objects run, as user@host."""
        return tuple(sorted({each.definer for each in self.objects if each.definer}))

    def digests(self) -> dict[str, str]:
        """Return the digest of each object by its label."""
        return {each.label: each.digest for each in self.objects}


def read_definitions(session: Session, schema: str) -> Definitions:
    """Read all objects of a schema, and make it the current one.

    Raises `DatabaseError` that names the object if one cannot be read.
    """
    session.use(schema)  # the server leaves only the current schema's name out of a view's text
    session.execute("SET SESSION sql_mode = ''")  # which decides how a view's text is quoted
    try:
        objects = tuple(
            read_definition(session, kind, name)
            for kind in NAME_QUERIES
            for name in names_of(session, schema, kind)
        )
    finally:
        session.execute("SET SESSION sql_mode = DEFAULT")
    return Definitions(collation=default_collation(session, schema), objects=objects)


def names_of(session: Session, schema: str, kind: Kind) -> tuple[str, ...]:
    """Return the names of the objects of one kind. Raises `DatabaseError`."""
    return tuple(str(row[0]) for row in session.rows(NAME_QUERIES[kind], schema))


def read_definition(session: Session, kind: Kind, name: str) -> Definition:
    """Read one object of the current schema. Raises `DatabaseError` if it cannot be read."""
    row = session.row(f"SHOW CREATE {kind} {quoted(name)}")
    statement = next((row[key] for key in row if key in STATEMENT_COLUMNS), None)
    if statement is None:
        raise DatabaseError(
            f"This user may not read the body of {kind.lower()} {name}",
            where=session.where,
            todo="connect as its definer, or as a user with SELECT on mysql.proc",
        )
    return Definition(
        kind=kind,
        name=name,
        statement=str(statement),
        charset=str(row["character_set_client"]),
        collation=str(row["collation_connection"]),
        sql_mode=str(row.get("sql_mode", "")),
        database_collation=str(row.get("Database Collation", "")),
        time_zone=str(row.get("time_zone", "")),
    )


def default_collation(session: Session, schema: str) -> str:
    """Return the default collation of a schema. Raises `DatabaseError`."""
    rows = session.rows(
        "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = %s",
        schema,
    )
    if not rows:
        raise DatabaseError("The server has no such database", where=schema)
    return str(rows[0][0])
