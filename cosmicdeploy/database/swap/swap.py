"""Swap the shadow schema's tables with the live ones in one statement, and keep the replaced ones.

Privileges granted on a schema belong to its name, so they stay. Foreign keys move with their
tables.
"""

from __future__ import annotations

from contextlib import suppress

from cosmicdeploy.database.access import DatabaseAccess, quoted
from cosmicdeploy.database.schema.definitions import Definitions, read_definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.recreate import require_creatable, without_broken_views
from cosmicdeploy.database.schema.schemas import (
    create_schema_like,
    drop_empty_schema,
    drop_schema,
    kept_name,
    replaced_name,
    shadow_name,
    swap_record_name,
)
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.swap.direction import SwapDirection, Swapped, backward, forward
from cosmicdeploy.database.swap.interrupted import exclusive_session, resolve
from cosmicdeploy.database.swap.record import Phase, Record, SwapRecord
from cosmicdeploy.errors import BackupError, DatabaseError


def swap(access: DatabaseAccess) -> Swapped:
    """Make the shadow schema's tables live, and keep the replaced ones in a schema of their own.

    Everything that writes should be stopped. Raises `BackupError`, before anything is changed, if
    the shadow schema is empty, the data from before an earlier restore is still kept, or a table
    cannot be moved. Raises `DatabaseError` if a statement fails or the tables stay locked; the swap
    is then undone, or finished if its tables had moved, as far as the server answers.
    """
    live = access.name
    with exclusive_session(access) as session:
        resolve(session, live)
        if not Facts(session, shadow_name(live)).engines():
            raise BackupError(
                "No backup is loaded, so there is nothing to swap in",
                where=shadow_name(live),
                todo="`cosmicdeploy rollback --to BACKUP` loads a backup and swaps it in",
            )
        require_no_replaced_data(session, access)
        events = SwapRecord(session, live).held_events()
        coming = read_definitions(session, shadow_name(live)).with_events(events)
        return _run(session, forward(live), _record(session, live, coming))


def swap_back(access: DatabaseAccess) -> Swapped:
    """Undo a swap: make the replaced tables live again, and drop the restored ones.

    Raises `BackupError` if no replaced tables are kept, `DatabaseError` as `swap` does.
    """
    live = access.name
    with exclusive_session(access) as session:
        resolve(session, live)
        store = SwapRecord(session, live)
        if Phase.SWAPPED not in store.phases():
            raise BackupError(
                "No data from before a restore is kept, so there is nothing to undo",
                where=replaced_name(live),
                todo="`cosmicdeploy backup list` shows the backups to restore instead",
            )
        drop_schema(session, shadow_name(live))
        kept = store.read(Phase.SWAPPED).leaving
        return _run(session, backward(live), _record(session, live, kept))


def has_replaced_data(access: DatabaseAccess) -> bool:
    """Return whether the data that a restore replaced is still kept. Raises `DatabaseError`."""
    with open_session(access) as session:
        return _keeps_replaced(session, access.name)


def drop_replaced_data(access: DatabaseAccess) -> None:
    """Drop the data that a restore replaced. Raises `DatabaseError`."""
    with exclusive_session(access) as session:
        resolve(session, access.name)
        # Drop the record first: a record of data that is gone would allow a swap back.
        SwapRecord(session, access.name).forget(Phase.SWAPPED)
        drop_schema(session, replaced_name(access.name))


def set_replaced_data_aside(access: DatabaseAccess) -> str:
    """Move the data that a restore replaced to a schema of its own; return that schema's name.

    No command reads or drops that schema. The record of the swap moves with the data: it holds the
    views, routines, triggers and events of that time. Returns "" if no data is kept once an
    interrupted swap is finished or undone. Raises `DatabaseError`.
    """
    live = access.name
    with exclusive_session(access) as session:
        resolve(session, live)
        sources = {replaced_name(live): "", swap_record_name(live): "cosmicdeploy_"}
        tables = [(schema, each) for schema in sources for each in Facts(session, schema).engines()]
        if not tables:
            return ""
        kept = kept_name(live)
        create_schema_like(session, live, kept)
        moves = ", ".join(
            f"{quoted(schema)}.{quoted(table)} TO {quoted(kept)}.{quoted(sources[schema] + table)}"
            for schema, table in tables
        )
        session.execute(f"RENAME TABLE {moves}")
        for schema in sources:
            drop_empty_schema(session, schema)
        return kept


def require_no_replaced_data(session: Session, access: DatabaseAccess) -> None:
    """Raise `BackupError` if the data from before an earlier restore is still kept."""
    if _keeps_replaced(session, access.name):
        raise BackupError(
            "The data from before an earlier restore is still kept",
            where=replaced_name(access.name),
            todo="`cosmicdeploy rollback --to BACKUP` resumes that restore, "
            "`cosmicdeploy deploy --abort` undoes it",
        )


def _keeps_replaced(session: Session, live: str) -> bool:
    phases = SwapRecord(session, live).phases()
    return bool(phases - {Phase.PREPARED} or Facts(session, replaced_name(live)).engines())


def _record(session: Session, live: str, coming: Definitions) -> Record:
    """Return the record for a swap; raise `BackupError` if an object cannot be created again."""
    leaving = without_broken_views(session, read_definitions(session, live))
    require_creatable((*leaving.objects, *coming.objects))
    return Record(leaving=leaving, coming=coming)


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


def _run(session: Session, direction: SwapDirection, record: Record) -> Swapped:
    """Run a swap; if a statement fails, finish or undo the swap, then raise the first error."""
    for schema in (direction.live, direction.incoming):
        require_swappable(Facts(session, schema))
    try:
        return direction.run(session, record)
    except DatabaseError:
        with suppress(DatabaseError):  # the first error is the one to report
            resolve(session, direction.live)
        raise
