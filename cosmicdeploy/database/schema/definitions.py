"""Definitions of views, routines, triggers and events: everything needed to create them again.

Packages, which MariaDB has, count as routines.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from cosmicdeploy.database.access import error_code, quoted
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.stored_model import StoredModel
from cosmicdeploy.errors import DatabaseError

Kind = Literal["FUNCTION", "PROCEDURE", "PACKAGE", "PACKAGE BODY", "VIEW", "TRIGGER", "EVENT"]
# Only MariaDB has packages.
ROUTINES: tuple[Kind, ...] = ("FUNCTION", "PROCEDURE", "PACKAGE", "PACKAGE BODY")

# Kind → query for the names of its objects. The results are ordered by the columns after the name,
# and then by the name. The kinds are in an order in which objects can be created. A table's
# triggers are in the order in which they fire: if they are created in this order, they fire in it
# again.
NAME_QUERIES: dict[Kind, str] = {
    **{
        kind: "SELECT routine_name FROM information_schema.routines"  # noqa: S608 - fixed words
        f" WHERE routine_schema = %s AND routine_type = '{kind}'"
        for kind in ROUTINES
    },
    "VIEW": "SELECT table_name FROM information_schema.views WHERE table_schema = %s",
    "TRIGGER": "SELECT trigger_name, event_object_table, action_timing, event_manipulation,"
    " action_order FROM information_schema.triggers WHERE event_object_schema = %s",
    # MariaDB also lists the events of a schema whose name differs only in case.
    "EVENT": "SELECT event_name FROM information_schema.events JOIN (SELECT %s AS name) AS wanted"
    " ON event_schema = name AND (@@lower_case_table_names <> 0"
    " OR CAST(event_schema AS BINARY) = CAST(name AS BINARY))",
}
# SHOW CREATE returns the text of an object in one of these columns, depending on its kind.
STATEMENT_COLUMNS = frozenset(
    {
        "Create Function",
        "Create Procedure",
        "Create Package",
        "Create Package Body",
        "Create View",
        "SQL Original Statement",
        "Create Event",
    }
)
# Error numbers of the server for a row in its table of events that it cannot read.
UNREADABLE_EVENTS = frozenset({1548, 1728})
# What to do if the server does not know a named time zone.
LOAD_TIME_ZONES = (
    "load the time zone tables as the server's administrator, where the server runs:"
    " `mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb -u root -p mysql` (on MySQL"
    " `mysql_tzinfo_to_sql` and `mysql`); then run the same command again"
)
# A routine that was created under ANSI_QUOTES has double quotes.
DEFINER_PART = r"(?:`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\")"
DEFINER = re.compile(rf"\ACREATE (?:\S+ )??DEFINER=({DEFINER_PART})(?:@({DEFINER_PART}))?")

EVENT_NAME = re.compile(
    rf"\A(CREATE (?:DEFINER={DEFINER_PART}(?:@{DEFINER_PART})? )?EVENT ){DEFINER_PART}"
)


def label_of(kind: Kind, name: str) -> str:
    """Return an object's kind and name, as messages show it."""
    return f"{kind.lower()} {name}"


class Definition(StoredModel):
    """The statement that creates one object, and the session settings under which to run it.

    `statement` is the text that the server reports while the object's schema is the current one.
    `sql_mode` and `database_collation` are "" for views; only events have a `time_zone`.
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
        return label_of(self.kind, self.name)

    @property
    def definer(self) -> str:
        """The account in the statement's DEFINER clause: user@host, or the name of a role.

        It is "" if the statement has no such clause.
        """
        match = DEFINER.search(self.statement)
        parts = filter(None, match.groups()) if match else ()
        return "@".join(part[1:-1].replace(part[0] * 2, part[0]) for part in parts)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the whole definition: the statement and its settings."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Definitions(StoredModel):
    """The views, routines, triggers and events of a schema, and its default collation.

    `objects` are in the order in which to create them: routines, views, triggers, events.
    """

    collation: str
    objects: tuple[Definition, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Definition, ...]:
        """Return the objects of these kinds."""
        return tuple(each for each in self.objects if each.kind in kinds)

    def with_events(self, events: tuple[Definition, ...]) -> Definitions:
        """Return a copy that has these events instead."""
        others = self.of(*ROUTINES, "VIEW", "TRIGGER")
        return self.model_copy(update={"objects": (*others, *events)})

    def definers(self) -> tuple[str, ...]:
        """Return the accounts in the objects' DEFINER clauses, as user@host, without duplicates."""
        return tuple(sorted({each.definer for each in self.objects if each.definer}))

    def labels(self) -> frozenset[str]:
        """Return the labels of the objects."""
        return frozenset(each.label for each in self.objects)

    def digests(self) -> dict[str, str]:
        """Return label → digest of each object."""
        return {each.label: each.digest for each in self.objects}


def read_definitions(session: Session, schema: str) -> Definitions:
    """Read all views, routines, triggers and events of a schema, and make the schema current.

    Raises `DatabaseError`, also if the user may not read one of the objects.
    """
    session.use(schema)  # the server leaves only the current schema's name out of a view's text
    objects = tuple(
        read_definition(session, kind, name)
        for kind in NAME_QUERIES
        for name in names_of(session, schema, kind)
    )
    return Definitions(collation=default_collation(session, schema), objects=objects)


def names_of(session: Session, schema: str, kind: Kind) -> tuple[str, ...]:
    """Return the names of the objects of one kind. Raises `DatabaseError`.

    The names are ordered by their bytes, since the server treats names that differ only in case or
    accents as equal. Triggers are in the order in which they fire.

    If MariaDB does not know the time zone of an event, it lists no event of the schema.
    """
    try:
        rows = session.rows(NAME_QUERIES[kind], schema)
    except DatabaseError as error:
        if error_code(error.__cause__) not in UNREADABLE_EVENTS:
            raise
        raise DatabaseError(
            f"The events of {schema} cannot be read: {error.what}",
            where=session.where,
            todo=f"if the server does not know the time zone of one of them, {LOAD_TIME_ZONES}",
        ) from error.__cause__
    return tuple(str(name) for name, *_ in sorted(rows, key=lambda row: (*row[1:], row[0])))


def read_definition(session: Session, kind: Kind, name: str) -> Definition:
    """Read one object of the current schema. Raises `DatabaseError` if it cannot be read."""
    row = session.exact_row(f"SHOW CREATE {kind} {quoted(name)}")
    statement = next((row[key] for key in row if key in STATEMENT_COLUMNS), None)
    if statement is None:
        raise DatabaseError(
            f"This user may not read the body of {kind.lower()} {name}",
            where=session.where,
            todo=f"connect as its definer, or as a user with {session.vendor.bodies_privilege}",
        )
    if kind == "EVENT":
        # The server writes the event's name in UTF-8, but reads the whole text in the event's
        # character set: an umlaut in the name becomes two other letters.
        statement = EVENT_NAME.sub(lambda head: head[1] + quoted(name), str(statement))
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
