"""Replace the views, routines, triggers and events of a schema by recorded definitions."""

from __future__ import annotations

from collections.abc import Collection

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import (
    ROUTINES,
    Definitions,
    Kind,
    label_of,
    names_of,
)
from cosmicdeploy.database.schema.rebuilding.create import create_all
from cosmicdeploy.database.schema.schemas import set_default_collation
from cosmicdeploy.database.session import Session, execute_when_unlocked, is_refusal
from cosmicdeploy.errors import DatabaseError

# Kinds of objects that the server runs by itself, without a call.
ACTIVE: tuple[Kind, ...] = ("TRIGGER", "EVENT")


def recreate_objects(session: Session, schema: str, recorded: Definitions) -> list[str]:
    """Replace the objects of a schema by the recorded ones; a second call has the same result.

    A routine that is dropped loses the privileges granted on it: see `dropped_routines`. Returns
    and raises what `create_all` does.
    """
    session.use(schema)
    drop_objects(session, schema, "EVENT", "TRIGGER", "VIEW")
    for kind, name in dropped_routines(session, schema, recorded.labels()):
        session.execute(f"DROP {kind} {quoted(schema)}.{quoted(name)}")
    set_default_collation(session, schema, recorded.collation)
    return create_all(session, schema, recorded)


def create_missing_triggers_and_events(
    session: Session, schema: str, recorded: Definitions
) -> list[str]:
    """Create the recorded triggers and events that do not exist, and set the schema's collation.

    Returns and raises what `create_all` does.
    """
    existing: set[tuple[str, str]] = {
        (kind, name) for kind in ACTIVE for name in names_of(session, schema, kind)
    }
    missing = tuple(each for each in recorded.of(*ACTIVE) if (each.kind, each.name) not in existing)
    notes = create_all(session, schema, recorded.model_copy(update={"objects": missing}))
    set_default_collation(session, schema, recorded.collation)
    return notes


def drop_objects(session: Session, schema: str, *kinds: Kind) -> None:
    """Drop all objects of these kinds, each kind in reverse order of creation.

    Thanks to this order, if the drop stops halfway and the dropped triggers are created again, all
    triggers fire in the same order as before. Raises `DatabaseError`.
    """
    for kind in kinds:
        for name in reversed(names_of(session, schema, kind)):
            execute_when_unlocked(session, f"DROP {kind} {quoted(schema)}.{quoted(name)}")


def without_broken_views(session: Session, definitions: Definitions) -> Definitions:
    """Return a copy without the views that cannot be queried, and so cannot be created again.

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


def dropped_routines(
    session: Session, schema: str, recorded: Collection[str]
) -> list[tuple[Kind, str]]:
    """Return the routines of a schema that `recreate_objects` drops, in the order of the drops.

    `recorded` are the labels of the objects that `recreate_objects` creates. On a server without
    CREATE OR REPLACE for routines, all routines are dropped. Raises `DatabaseError`.
    """
    kept = recorded if session.vendor.replaces_routines else ()
    return [
        (kind, name)
        for kind in reversed(ROUTINES)
        for name in names_of(session, schema, kind)
        if label_of(kind, name) not in kept
    ]
