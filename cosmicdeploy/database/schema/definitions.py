"""Views, routines, triggers and events as texts, with all that is needed to make them anew."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cosmicdeploy.database.access import Session, quoted
from cosmicdeploy.errors import DatabaseError

Kind = Literal["FUNCTION", "PROCEDURE", "VIEW", "TRIGGER", "EVENT"]

# In the order in which they can be made; triggers on one table fire in the order of their making.
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


class Definition(BaseModel):
    """One object as the server tells it, free of its schema's name, and the setting it was made in.

    Views have neither `sql_mode` nor `database_collation`; only events have a `time_zone`.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

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
        """The object as people name it."""
        return f"{self.kind.lower()} {self.name}"

    @property
    def definer(self) -> str:
        """The account whose rights the object has, as user@host; "" where it names none."""
        match = DEFINER.search(self.statement)
        return "@".join(part.replace("``", "`") for part in match.groups()) if match else ""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the whole definition."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Definitions(BaseModel):
    """A schema's objects in the order to make them, and its default collation."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    collation: str
    objects: tuple[Definition, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Definition, ...]:
        """The objects of these kinds."""
        return tuple(found for found in self.objects if found.kind in kinds)

    def with_events(self, events: tuple[Definition, ...]) -> Definitions:
        """The same with these events in place of its own."""
        others = self.of("FUNCTION", "PROCEDURE", "VIEW", "TRIGGER")
        return self.model_copy(update={"objects": (*others, *events)})

    def definers(self) -> tuple[str, ...]:
        """The accounts whose rights the objects have, as user@host."""
        return tuple(sorted({found.definer for found in self.objects if found.definer}))

    def digests(self) -> dict[str, str]:
        """Label → digest."""
        return {found.label: found.digest for found in self.objects}


def read_definitions(session: Session, schema: str) -> Definitions:
    """All objects of a schema, which becomes the current one.

    Raises `DatabaseError` where one cannot be read, with its name.
    """
    session.use(schema)  # only the current schema's name is left out of a view's text
    session.execute("SET SESSION sql_mode = ''")  # it changes how a view's text is quoted
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
    """The objects of one kind, by name. Raises `DatabaseError`."""
    return tuple(str(row[0]) for row in session.rows(NAMES[kind], schema))


def read_definition(session: Session, kind: Kind, name: str) -> Definition:
    """One object of the current schema. Raises `DatabaseError` where it cannot be read."""
    found = session.row(f"SHOW CREATE {kind} {quoted(name)}")
    statement = next((found[key] for key in found if key in STATEMENTS), None)
    if statement is None:
        raise DatabaseError(
            f"this user may not read the body of {kind.lower()} {name}",
            where=session.where,
            todo="use its definer or a user who may see all routines (SELECT on mysql.proc)",
        )
    return Definition(
        kind=kind,
        name=name,
        statement=str(statement),
        charset=str(found["character_set_client"]),
        collation=str(found["collation_connection"]),
        sql_mode=str(found.get("sql_mode", "")),
        database_collation=str(found.get("Database Collation", "")),
        time_zone=str(found.get("time_zone", "")),
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
    """The collation that new tables of a schema get. Raises `DatabaseError`."""
    rows = session.rows(
        "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = %s",
        schema,
    )
    if not rows:
        raise DatabaseError("the server has no such database", where=schema)
    return str(rows[0][0])
