"""Check, before anything is changed, that recorded objects can be created again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cosmicdeploy.database.access import ACCESS_DENIED, error_code, quoted
from cosmicdeploy.database.schema.definitions import Definition, names_of
from cosmicdeploy.database.schema.rebuilding.create import (
    create_event_that_is_over,
    encoded,
    over_note,
)
from cosmicdeploy.database.schema.rebuilding.event_text import disabled
from cosmicdeploy.database.schema.recorded_settings import (
    require_known_settings,
    session_settings,
)
from cosmicdeploy.database.session import Session, is_refusal
from cosmicdeploy.errors import BackupError, DatabaseError


def require_creatable(session: Session, recorded: Sequence[Definition]) -> None:
    """Raise `BackupError` if an object cannot be created from its text in another schema.

    Checks the object's text, and that the server knows the settings under which the object was
    created. Raises `DatabaseError` if the server does not answer.
    """
    for definition in recorded:
        encoded(definition, definition.statement)
        if is_bound_to_schema(definition):
            raise BackupError(
                f"{definition.label} names its schema before its body, so it works in no other"
                " schema",
                todo="create it again without the schema's name",
            )
    require_known_settings(session, recorded)


def require_creatable_events(
    session: Session, schema: str, recorded: Sequence[Definition]
) -> list[str]:
    """Raise `BackupError` if the server refuses to create one of the events among `recorded`.

    Returns a line for each event that a restore cannot create as recorded, since its time is over.
    To find out, creates each event in `schema` and drops it again; `schema` must have no events of
    its own. The events are created disabled, so that the server never runs them there. Makes
    `schema` the current schema. Raises `DatabaseError` if the server does not answer, or if the
    user lacks the privileges.
    """
    session.use(schema)
    events = [each for each in recorded if each.kind == "EVENT"]
    return [line for event in events if (line := _try_event(session, schema, event))]


def _try_event(session: Session, schema: str, event: Definition) -> str:
    drop = f"DROP EVENT IF EXISTS {quoted(schema)}.{quoted(event.name)}"
    statement, note = encoded(event, disabled(event, always_dropped=True)), ""
    session.execute(drop)  # a killed run may have left the event behind
    try:
        with session_settings(session, event):
            session.execute(statement)
        # Under the event's settings, the server would read names in another character set.
        if event.name not in names_of(session, schema, "EVENT"):
            with session_settings(session, event):
                is_created = create_event_that_is_over(session, event)
            note = over_note(event, is_created=is_created)
    except DatabaseError as error:
        if not is_refusal(error) or error_code(error.__cause__) in ACCESS_DENIED:
            raise
        raise BackupError(
            f"{event.label} cannot be created on this server: {error.what}",
            where=session.where,
            todo="correct this on the database server, and run the same command again",
        ) from error
    session.execute(drop)
    return note


def is_bound_to_schema(definition: Definition) -> bool:
    """Return whether a definition is a trigger that names a schema before its body.

    The schema is that of the trigger or of its table.
    """
    if definition.kind != "TRIGGER":
        return False
    # The server keeps the words after CREATE as they were typed, in small letters too.
    head = re.split(r"\bFOR\s+EACH\s+ROW\b", definition.statement, maxsplit=1, flags=re.I)[0]
    plain = re.sub(r"`(?:[^`]|``)*`", "name", head)
    return "." in re.split(r"\bTRIGGER\b", plain, maxsplit=1, flags=re.I)[-1]
