"""Definitions of views, routines, triggers and events: all that is needed to create them again."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.stored_model import StoredModel
from cosmicdeploy.errors import DatabaseError

Kind = Literal["FUNCTION", "PROCEDURE", "VIEW", "TRIGGER", "EVENT"]

# In the order in which they can be created; triggers on one table fire in order of creation.
NAMES: dict[Kind, str] = {
    "FUNCTION": "SELECT routine_name FROM information_schema.routines"
    " WHERE routine_schema = %s AND routine_type = 'FUNCTION' ORDER BY 1",
    "PROCEDURE": "SELECT routine_name FROM information_schema.routines"
    " WHERE routine_schema = %s AND routine_type = 'PROCEDURE' ORDER BY 1",
    "VIEW": "SELECT table_name FROM information_schema.views WHERE table_schema = %s ORDER BY 1",
    "TRIGGER": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %s"
    " ORDER BY event_object_table, action_timing, event_manipulation, action_order",
    "EVENT": "SELECT event_name FROM information_schema.events WHERE event_schema = %s ORDER BY 1",
}


DEFINER = re.compile(r"\ACREATE (?:\S+ )??DEFINER=`((?:[^`]|``)*)`@`((?:[^`]|``)*)`")


class Definition(StoredModel):
    """The server's text of one object, without the schema's name, and the settings it needs.

    Views have neither `sql_mode` nor `database_collation`; only events have a `time_zone`.
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
        """The account whose privileges the object has, as user@host; "" if it names none."""
        match = DEFINER.search(self.statement)
        return "@".join(part.replace("``", "`") for part in match.groups()) if match else ""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the definition."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Definitions(StoredModel):
    """The objects of a schema in the order to create them, and its default collation."""

    collation: str
    objects: tuple[Definition, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Definition, ...]:
        """Return the objects of these kinds."""
        return tuple(each for each in self.objects if each.kind in kinds)

    def with_events(self, events: tuple[Definition, ...]) -> Definitions:
        """Return a copy with these events instead of its own."""
        others = self.of("FUNCTION", "PROCEDURE", "VIEW", "TRIGGER")
        return self.model_copy(update={"objects": (*others, *events)})

    def definers(self) -> tuple[str, ...]:
        """Return the accounts whose privileges the objects have, as user@host."""
        return tuple(sorted({each.definer for each in self.objects if each.definer}))

    def digests(self) -> dict[str, str]:
        """Return the digest of each object by its label."""
        return {each.label: each.digest for each in self.objects}


def read_definitions(session: Session, schema: str) -> Definitions:
    """Read all objects of a schema, which becomes the current one.

    Raises `DatabaseError`, with its name, if an object cannot be read.
    """
    session.use(schema)  # only the current schema's name is left out of a view's text
    session.execute("SET SESSION sql_mode = ''")  # a view's text is quoted according to it
    try:
        objects = tuple(
            read_definition(session, kind, name)
            for kind in NAMES
            for name in names_of(session, schema, kind)
        )
    finally:
        session.execute("SET SESSION sql_mode = DEFAULT")
    return Definitions(collation=default_collation(session, schema), objects=objects)


def names_of(session: Session, schema: str, kind: Kind) -> tuple[str, ...]:
    """Return the names of the objects of one kind. Raises `DatabaseError`."""
    return tuple(str(row[0]) for row in session.rows(NAMES[kind], schema))


def read_definition(session: Session, kind: Kind, name: str) -> Definition:
    """Read one object of the current schema. Raises `DatabaseError` if it cannot be read."""
    row = session.row(f"SHOW CREATE {kind} {quoted(name)}")
    statement = next((row[key] for key in row if key in STATEMENTS), None)
    if statement is None:
        raise DatabaseError(
            f"This user may not read the body of {kind.lower()} {name}",
            where=session.where,
            todo="use its definer or a user who may see all routines (SELECT on mysql.proc)",
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


STATEMENTS = frozenset(
    {
        "Create Function",
        "Create Procedure",
        "Create View",
        "SQL Original Statement",
        "Create Event",
    }
)


def default_collation(session: Session, schema: str) -> str:
    """Return the collation that new tables of a schema get. Raises `DatabaseError`."""
    rows = session.rows(
        "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = %s",
        schema,
    )
    if not rows:
        raise DatabaseError("The server has no such database", where=schema)
    return str(rows[0][0])
