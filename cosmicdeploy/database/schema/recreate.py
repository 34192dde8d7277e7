"""Replace the views, routines, triggers and events of a schema by recorded definitions."""

from __future__ import annotations

from collections.abc import Sequence

from pymysql.charset import charset_by_name

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import (
    Definition,
    Definitions,
    Kind,
    names_of,
)
from cosmicdeploy.database.schema.recorded_settings import recorded_settings
from cosmicdeploy.database.schema.schemas import set_default_collation
from cosmicdeploy.database.session import Session, execute_when_unlocked, is_refusal
from cosmicdeploy.errors import BackupError, DatabaseError

# Kinds of objects that the server runs without a call.
ACTIVE: tuple[Kind, ...] = ("TRIGGER", "EVENT")
ROUTINES: tuple[Kind, ...] = ("FUNCTION", "PROCEDURE")


def recreate_objects(session: Session, schema: str, recorded: Definitions) -> None:
    """Replace the objects of a schema by the recorded ones; a second call has the same result.

    A routine that is dropped loses the privileges granted on it: see `dropped_routines`. Raises
    `DatabaseError`, and `BackupError` if a recorded definition is not usable.
    """
    session.use(schema)
    drop_objects(session, schema, "EVENT", "TRIGGER", "VIEW")
    _drop_other_routines(session, schema, recorded)
    set_default_collation(session, schema, recorded.collation)
    create_objects(session, schema, recorded.of(*ROUTINES))
    _create_views(session, schema, recorded.of("VIEW"))
    create_objects(session, schema, recorded.of("TRIGGER", "EVENT"))


def create_missing_triggers_and_events(
    session: Session, schema: str, recorded: Definitions
) -> None:
    """Create the recorded triggers and events that do not exist.

    Raises `DatabaseError`, and `BackupError` if a recorded definition is not usable.
    """
    existing: set[tuple[str, str]] = {
        (kind, name) for kind in ACTIVE for name in names_of(session, schema, kind)
    }
    missing = [each for each in recorded.of(*ACTIVE) if (each.kind, each.name) not in existing]
    create_objects(session, schema, missing)
    set_default_collation(session, schema, recorded.collation)


def drop_objects(session: Session, schema: str, *kinds: Kind) -> None:
    """Drop all objects of these kinds, each kind in reverse order of creation.

    If this stops halfway and the dropped triggers are created again, all triggers then fire in the
    same order as before. Raises `DatabaseError`.
    """
    for kind in kinds:
        for name in reversed(names_of(session, schema, kind)):
            execute_when_unlocked(session, f"DROP {kind} {quoted(schema)}.{quoted(name)}")


def create_objects(session: Session, schema: str, recorded: Sequence[Definition]) -> None:
    """Create objects in a schema, each under its recorded session settings.

    Raises `DatabaseError`, and `BackupError` if a recorded definition is not usable.
    """
    session.use(schema)
    for definition in recorded:
        statement = definition.statement
        if session.vendor.replaces_routines and definition.kind in ROUTINES:
            # Unlike a drop, this keeps the privileges granted on the routine.
            statement = statement.replace("CREATE ", "CREATE OR REPLACE ", 1)
        with recorded_settings(session, schema, definition):
            execute_when_unlocked(session, encoded(definition, statement))


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


def without_broken_views(session: Session, definitions: Definitions) -> Definitions:
    """Return a copy without the views that cannot be queried: they cannot be created again.

    Raises `DatabaseError` as `broken_views` does.
    """
    broken = broken_views(session, definitions)
    kept = tuple(
        each for each in definitions.objects if each.kind != "VIEW" or each.name not in broken
    )
    return definitions.model_copy(update={"objects": kept})


def broken_views(session: Session, definitions: Definitions) -> dict[str, str]:
    """Return view → reason, for each view of the current schema that the server refuses to query.

    Raises `DatabaseError` for an error that says nothing about the view, such as a lost connection.
    """
    broken: dict[str, str] = {}
    for view in definitions.of("VIEW"):
        try:
            session.execute(f"SHOW FIELDS FROM {quoted(view.name)}")
        except DatabaseError as error:
            if not is_refusal(error):
                raise
            broken[view.name] = error.what
    return broken


def _drop_other_routines(session: Session, schema: str, recorded: Definitions) -> None:
    """Drop the routines that `create_objects` cannot replace by recorded ones."""
    kept = _replaced(session, recorded)
    for kind in ROUTINES:
        for name in names_of(session, schema, kind):
            if (kind, name) not in kept:
                session.execute(f"DROP {kind} {quoted(schema)}.{quoted(name)}")


def dropped_routines(
    session: Session, present: Definitions, recorded: Definitions
) -> tuple[Definition, ...]:
    """Return the present routines that `recreate_objects` drops, so that they lose their grants.

    Raises `DatabaseError`.
    """
    kept = _replaced(session, recorded)
    return tuple(each for each in present.of(*ROUTINES) if (each.kind, each.name) not in kept)


def _replaced(session: Session, recorded: Definitions) -> set[tuple[str, str]]:
    """Return the kinds and names of the routines that are replaced without a drop."""
    routines = recorded.of(*ROUTINES) if session.vendor.replaces_routines else ()
    return {(each.kind, each.name) for each in routines}


def _create_views(session: Session, schema: str, waiting: Sequence[Definition]) -> None:
    """Create views in rounds: a view that uses another view may succeed only in a later round.

    Raises the last error if no view of a round can be created, and at once an error that says
    nothing about the view, such as a lost connection.
    """
    while waiting:
        failed: list[Definition] = []
        last: DatabaseError | None = None
        for definition in waiting:
            try:
                create_objects(session, schema, [definition])
            except DatabaseError as error:
                if not is_refusal(error):
                    raise
                failed.append(definition)
                last = error
        if last is not None and len(failed) == len(waiting):
            raise last
        waiting = failed
