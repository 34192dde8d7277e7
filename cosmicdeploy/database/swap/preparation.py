"""Check, before a swap changes anything, that it can be finished and undone."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.database.schema.creatable import require_creatable, require_creatable_events
from cosmicdeploy.database.schema.definitions import Definitions, read_definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.privileges import require_definers
from cosmicdeploy.database.schema.rebuilding.routine_grants import (
    RoutineGrant,
    read_routine_grants,
)
from cosmicdeploy.database.schema.recreate import without_broken_views
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.swap.direction import SwapDirection
from cosmicdeploy.database.swap.record import Record
from cosmicdeploy.errors import BackupError


def prepared_record(
    session: Session,
    direction: SwapDirection,
    coming: Definitions,
    kept: Iterable[RoutineGrant] = (),
) -> Record:
    """Check that all tables can be moved and all objects created again; return the swap's record.

    `coming` are the objects that belong to the tables that become live. `kept` are the privileges
    on routines from before an earlier swap. Tries to create each event, disabled, in the schema
    `direction.incoming`. Raises `BackupError` if a table cannot be moved or an object cannot be
    created again, and `DatabaseError` if the server does not answer.
    """
    for schema in (direction.live, direction.incoming):
        require_swappable(Facts(session, schema))
    leaving = require_recreatable(session, direction.live)
    require_definers(session, coming.definers())
    require_creatable(session, coming.objects)
    events = (*leaving.of("EVENT"), *coming.of("EVENT"))
    require_creatable_events(session, direction.incoming, events)
    # If the user may not read the privileges, `swap` says so.
    present = read_routine_grants(session, direction.live) or ()
    return Record(leaving=leaving, coming=coming, grants=tuple(dict.fromkeys((*kept, *present))))


def require_recreatable(session: Session, schema: str) -> Definitions:
    """Return a schema's objects without broken views: what a swap back has to create again.

    Raises `BackupError` if one of these objects cannot be created again from its text and settings,
    or if the user may not create it.
    """
    recorded = without_broken_views(session, read_definitions(session, schema))
    require_definers(session, recorded.definers())
    require_creatable(session, recorded.objects)
    return recorded


def require_swappable(facts: Facts) -> None:
    """Raise `BackupError` if RENAME TABLE cannot move all tables of a schema to another."""
    refused = {
        "sequences or versioned tables": facts.other_tables(),
        "foreign keys across schemas": facts.keys_across_schemas(),
    }
    lines = [f"{kind}: {', '.join(names)}" for kind, names in refused.items() if names]
    if lines:
        raise BackupError(
            f"A schema with {' and '.join(kind for kind, names in refused.items() if names)}"
            " cannot be swapped",
            where=facts.schema,
            todo="drop them, and create them again after the restore; or restore by hand",
            details=lines,
        )
