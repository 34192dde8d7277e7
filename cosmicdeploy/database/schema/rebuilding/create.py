"""Create recorded objects in a schema, each under the settings under which it was created."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from pymysql.charset import charset_by_name

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import (
    ROUTINES,
    Definition,
    Definitions,
    names_of,
)
from cosmicdeploy.database.schema.rebuilding.event_text import disabled, is_enabled
from cosmicdeploy.database.schema.recorded_settings import recorded_settings
from cosmicdeploy.database.session import Session, execute_when_unlocked, is_refusal
from cosmicdeploy.errors import BackupError, DatabaseError

NAME = re.compile(r"`(?:[^`]|``)*`")
# A moment before the time of any event, as a value of the variable `timestamp`.
LONG_AGO = 1

Refusal = tuple[Definition, DatabaseError]


@dataclass(frozen=True)
class Creation:
    """The objects that the server refused to create, and a line for each event that is over."""

    refused: list[Refusal] = field(default_factory=list)
    over: list[str] = field(default_factory=list)

    @contextmanager
    def noting(self, definition: Definition) -> Iterator[None]:
        """Note `definition` as refused if the server refuses a statement of the block."""
        try:
            yield
        except DatabaseError as error:
            if not is_refusal(error):
                raise
            self.refused.append((definition, error))


def create_all(session: Session, schema: str, recorded: Definitions) -> list[str]:
    """Create all recorded objects in a schema that has none of these views, triggers and events.

    An event whose time is over is created disabled, since the server would otherwise drop it
    immediately. Returns a line for each such event. Raises `BackupError` if the server refuses an
    object, or if a recorded definition is not usable; `DatabaseError` if the server does not
    answer.
    """
    creation = try_all(session, schema, recorded)
    if creation.refused:
        definition, error = creation.refused[0]
        raise BackupError(
            f"{definition.label} cannot be created on this server: {error.what}",
            where=session.where,
            todo="correct this on the database server, and run the same command again",
        ) from error
    return creation.over


def try_all(session: Session, schema: str, recorded: Definitions) -> Creation:
    """Create objects like `create_all`, but continue after a refusal."""
    routines = _create(session, schema, recorded.of(*ROUTINES))
    views = _create_views(session, schema, recorded.of("VIEW"))
    active = _create(session, schema, recorded.of("TRIGGER", "EVENT"))
    return Creation([*routines.refused, *views, *active.refused], active.over)


def encoded(definition: Definition, statement: str) -> bytes:
    """Encode a statement in the character set that is recorded in `definition`.

    The session has the same character set when it runs the statement. Raises `BackupError` if the
    text does not fit the character set.
    """
    if definition.charset.startswith("utf8"):
        return statement.encode()
    try:
        return statement.encode(charset_by_name(definition.charset).encoding)
    except (AttributeError, KeyError, LookupError, UnicodeEncodeError) as error:
        raise BackupError(
            f"The text of {definition.label} does not fit its character set {definition.charset}",
            todo="create it again over a connection with utf8mb4",
        ) from error


def create_event_that_is_over(session: Session, event: Definition) -> bool:
    """Create an event in the current schema, disabled, as if its time had not come yet.

    Returns False, without creating the event, if the server does not let this user set the
    session's time (`secure_timestamp`). Raises `DatabaseError`.
    """
    try:
        session.execute(f"SET SESSION timestamp = {LONG_AGO}")
    except DatabaseError as error:
        if not is_refusal(error):
            raise
        return False
    try:
        session.execute(encoded(event, disabled(event)))
    finally:
        session.execute("SET SESSION timestamp = DEFAULT")
    return True


def over_note(event: Definition, *, is_created: bool) -> str:
    """Return the line about an event whose time is over.

    The line is "" if the event is created, and was recorded as disabled.
    """
    if not is_created:
        return f"{event.label} is lost: its time is over, and this server creates no such event"
    if not is_enabled(event):
        return ""
    return (
        f"the time of {event.label} is over, so it is created disabled: drop it, or give it another"
        " time with ALTER EVENT"
    )


def _create(session: Session, schema: str, recorded: Sequence[Definition]) -> Creation:
    """Create objects in this order; return those that the server refused, and lines on events."""
    creation = Creation()
    session.use(schema)
    for _, alike in groupby(recorded, key=_settings):
        group = list(alike)
        with recorded_settings(session, schema, group[0]):
            for definition in group:
                with creation.noting(definition):
                    _create_one(session, definition)
        # Under the recorded settings, the server would read names in another character set.
        refused = [definition for definition, _ in creation.refused]
        for event in group:
            if event.kind == "EVENT" and event not in refused:
                with creation.noting(event):
                    creation.over.extend(filter(None, [_note(session, schema, event)]))
    return creation


def _create_one(session: Session, definition: Definition) -> None:
    statement = definition.statement
    if session.vendor.replaces_routines and definition.kind in ROUTINES:
        # Unlike a drop, this keeps the privileges granted on the routine.
        statement = statement.replace("CREATE ", "CREATE OR REPLACE ", 1)
    execute_when_unlocked(session, encoded(definition, statement))


def _note(session: Session, schema: str, event: Definition) -> str:
    """Return the line about an event that was just created, if its time is over; else "".

    If its time is over, the server has dropped the event immediately, or disabled it if the event
    says ON COMPLETION PRESERVE.
    """
    if event.name not in names_of(session, schema, "EVENT"):
        with recorded_settings(session, schema, event):
            is_created = create_event_that_is_over(session, event)
        return over_note(event, is_created=is_created)
    # The status is not read from the event's text, whose form depends on the session's settings.
    rows = session.rows(
        "SELECT event_schema, status FROM information_schema.events"
        " WHERE event_schema = %s AND event_name = %s",
        schema,
        event.name,
    )
    # MariaDB also lists the events of a schema whose name differs only in case. If no row is left,
    # the event has run for the last time since the previous query, so it was enabled.
    statuses = dict(rows)
    status = statuses.get(schema, rows[0][1] if rows else "ENABLED")
    return "" if status == "ENABLED" else over_note(event, is_created=True)


def _settings(definition: Definition) -> tuple[str, ...]:
    return (
        definition.charset,
        definition.collation,
        definition.sql_mode,
        definition.database_collation,
        definition.time_zone,
    )


def _create_views(session: Session, schema: str, views: Sequence[Definition]) -> list[Refusal]:
    """Create views, in rounds: a view that uses another view may succeed only in a later round."""
    waiting = _sorted(views)
    while waiting:
        refused = _create(session, schema, waiting).refused
        if len(refused) == len(waiting):
            return refused
        waiting = [view for view, _ in refused]
    return []


def _sorted(views: Sequence[Definition]) -> Sequence[Definition]:
    """Return the views in an order in which all of them can probably be created in one round.

    A view comes after those whose names are in its text, unless that is impossible.
    """
    named = {quoted(view.name): view for view in views}
    graph = {
        name: [other for other in NAME.findall(view.statement) if other in named and other != name]
        for name, view in named.items()
    }
    try:
        return [named[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError:
        return views
