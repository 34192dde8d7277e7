"""Let a schema have exactly the views, routines, triggers and events that were recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pymysql.charset import charset_by_name

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import (
    Definition,
    Definitions,
    Kind,
    default_collation,
    names_of,
)
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session, execute_when_unlocked
from cosmicdeploy.errors import BackupError, DatabaseError

COLLATION = re.compile(r"\w*", re.ASCII)
ACTIVE: tuple[Kind, ...] = ("TRIGGER", "EVENT")


def recreate_objects(session: Session, schema: str, wanted: Definitions) -> None:
    """Make a schema's objects the wanted ones; doing it again changes nothing.

    Rights on single routines stay with those that remain. Raises `DatabaseError`.
    """
    session.use(schema)
    drop_objects(session, schema, "EVENT", "TRIGGER", "VIEW")
    _drop_others(session, schema, wanted)
    set_default_collation(session, schema, wanted.collation)
    create_objects(session, schema, wanted.of("FUNCTION", "PROCEDURE"))
    _create_views(session, schema, wanted.of("VIEW"))
    create_objects(session, schema, wanted.of("TRIGGER", "EVENT"))


def create_missing_triggers_and_events(session: Session, schema: str, wanted: Definitions) -> None:
    """Create again those triggers and events that were dropped. Raises `DatabaseError`."""
    found: set[tuple[str, str]] = {
        (kind, name) for kind in ACTIVE for name in names_of(session, schema, kind)
    }
    missing = [one for one in wanted.of(*ACTIVE) if (one.kind, one.name) not in found]
    create_objects(session, schema, missing)
    set_default_collation(session, schema, wanted.collation)


def drop_objects(session: Session, schema: str, *kinds: Kind) -> None:
    """Drop all objects of these kinds. Raises `DatabaseError`.

    The last first: triggers that are left half-way then still have their place before the others.
    """
    for kind in kinds:
        for name in reversed(names_of(session, schema, kind)):
            execute_when_unlocked(session, f"DROP {kind} {quoted(schema)}.{quoted(name)}")


def create_objects(session: Session, schema: str, wanted: Sequence[Definition]) -> None:
    """Create objects in a schema, each in its recorded setting. Raises `DatabaseError`."""
    session.use(schema)
    or_replace = Facts(session, schema).server().vendor == "MariaDB"
    for definition in wanted:
        statement = definition.statement
        if or_replace and definition.kind in ("FUNCTION", "PROCEDURE"):
            # Unlike a drop, it keeps the rights that were granted on this one routine.
            statement = statement.replace("CREATE ", "CREATE OR REPLACE ", 1)
        with _setting(session, schema, definition):
            execute_when_unlocked(session, encoded(definition, statement))


def encoded(definition: Definition, statement: str) -> bytes:
    """A statement as a client of the recorded character set sends it.

    Raises `BackupError` where it cannot be told in that character set.
    """
    if definition.charset.startswith("utf8"):
        return statement.encode()
    try:
        return statement.encode(charset_by_name(definition.charset).encoding)
    except (AttributeError, KeyError, LookupError, UnicodeEncodeError) as error:
        raise BackupError(
            f"the text of {definition.label} does not fit its character set {definition.charset}",
            todo="create it again over a connection with utf8mb4",
        ) from error


def require_creatable(wanted: Sequence[Definition]) -> None:
    """Raise `BackupError` where an object could not be made from its text elsewhere."""
    for definition in wanted:
        encoded(definition, definition.statement)
        if names_a_schema(definition):
            raise BackupError(
                f"{definition.label} names a schema in its head, so that it belongs to that one",
                todo="create it again without the schema's name",
            )


def names_a_schema(definition: Definition) -> bool:
    """Whether a trigger's own text binds it or its table to one schema."""
    if definition.kind != "TRIGGER":
        return False
    head = re.split(r"\bFOR\s+EACH\s+ROW\b", definition.statement, maxsplit=1, flags=re.I)[0]
    _, _, target = re.sub(r"`(?:[^`]|``)*`", "name", head).partition("TRIGGER")
    return "." in target


def without_broken_views(session: Session, found: Definitions) -> Definitions:
    """Leave out views of the current schema that cannot be read: they could not be made anew."""
    broken = broken_views(session, found)
    kept = tuple(one for one in found.objects if one.kind != "VIEW" or one.name not in broken)
    return found.model_copy(update={"objects": kept})


def broken_views(session: Session, found: Definitions) -> dict[str, str]:
    """Views of the current schema that cannot be read → why."""
    broken: dict[str, str] = {}
    for view in found.of("VIEW"):
        try:
            session.execute(f"SHOW FIELDS FROM {quoted(view.name)}")
        except DatabaseError as error:
            broken[view.name] = error.what
    return broken


def set_default_collation(session: Session, schema: str, collation: str) -> None:
    """Let new tables of a schema have this collation; "" leaves it.

    Raises `DatabaseError`, and `BackupError` where it is no name: a manifest may be forged.
    """
    if not COLLATION.fullmatch(collation):
        raise BackupError(
            f"{collation!r} is no collation",
            where=schema,
            todo="use another backup: cosmicdeploy backup list",
        )
    if collation and default_collation(session, schema) != collation:
        session.execute(f"ALTER DATABASE {quoted(schema)} COLLATE {collation}")


def _drop_others(session: Session, schema: str, wanted: Definitions) -> None:
    kinds: tuple[Kind, ...] = ("FUNCTION", "PROCEDURE")
    replaceable = Facts(session, schema).server().vendor == "MariaDB"
    for kind in kinds:
        kept = {found.name for found in wanted.of(kind)} if replaceable else set()
        for name in names_of(session, schema, kind):
            if name not in kept:
                session.execute(f"DROP {kind} {quoted(schema)}.{quoted(name)}")


def _create_views(session: Session, schema: str, waiting: Sequence[Definition]) -> None:
    """A view on another view has to wait for that one."""
    while waiting:
        failed: list[Definition] = []
        last: DatabaseError | None = None
        for definition in waiting:
            try:
                create_objects(session, schema, [definition])
            except DatabaseError as error:
                failed.append(definition)
                last = error
        if last is not None and len(failed) == len(waiting):
            raise last
        waiting = failed


@contextmanager
def _setting(session: Session, schema: str, definition: Definition) -> Iterator[None]:
    own = default_collation(session, schema)
    set_default_collation(session, schema, definition.database_collation)
    session.execute(
        "SET SESSION sql_mode = %s, time_zone = %s, character_set_client = %s,"
        " collation_connection = %s",
        definition.sql_mode,
        definition.time_zone or "SYSTEM",
        definition.charset,
        definition.collation,
    )
    try:
        yield
    finally:
        session.execute("SET SESSION sql_mode = DEFAULT, time_zone = DEFAULT")
        session.execute("SET NAMES utf8mb4")
        set_default_collation(session, schema, own)
