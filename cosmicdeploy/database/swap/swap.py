"""Swap the shadow schema's tables with the live ones in one statement, and keep the replaced ones.

Privileges granted on a schema belong to its name, so they stay. Foreign keys move with their
tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from cosmicdeploy.database.access import DatabaseAccess, quoted
from cosmicdeploy.database.schema.definitions import Definitions, read_definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.rebuilding.relocation import relocated
from cosmicdeploy.database.schema.rebuilding.routine_grants import (
    RoutineGrant,
    read_routine_grants,
    require_grantable,
    require_known_grants,
    unread_note,
)
from cosmicdeploy.database.schema.recreate import dropped_routines
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
from cosmicdeploy.database.swap.preparation import prepared_record
from cosmicdeploy.database.swap.record import Phase, SwapRecord
from cosmicdeploy.errors import BackupError, DatabaseError


def swap(access: DatabaseAccess) -> Swapped:
    """Make the shadow schema's tables live, and keep the replaced ones in a schema of their own.

    The caller should have stopped all processes that write to the live schema. Raises
    `BackupError`, before anything is changed, if the shadow schema is empty, the data from before
    an earlier restore is still kept, a table cannot be moved, an object cannot be created again, or
    a privilege on a routine would be lost. Raises `DatabaseError` if a statement fails or the
    tables stay locked. In that case the swap is undone, or finished if its tables have moved,
    provided that the server answers.
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
        shadow = shadow_name(live)
        loaded = relocated(read_definitions(session, shadow), shadow, live)
        coming = loaded.with_events(events)
        dropped = dropped_routines(session, live, coming.labels())
        require_grantable(session, live, require_known_grants(session, live, dropped))
        swapped = _run(session, forward(live), coming)
        unread = unread_note(read_routine_grants(session, live), loaded)
        return replace(swapped, notes=(*swapped.notes, *unread))


def swap_back(access: DatabaseAccess) -> Swapped:
    """Undo a swap: make the replaced tables live again, and drop the restored ones.

    Raises `BackupError` if no replaced tables are kept, and otherwise what `swap` raises.
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
        kept = store.read(Phase.SWAPPED)
        return _run(session, backward(live), kept.leaving, kept.grants)


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

    No command reads or drops that schema. The record of the swap moves with the data, since the
    record holds the views, routines, triggers and events that belong to the data. Before that,
    finishes or undoes an interrupted swap; returns "" if no replaced data is kept then. Raises
    `DatabaseError`.
    """
    live = access.name
    with exclusive_session(access) as session:
        resolve(session, live)
        # Schema → prefix for the new names of its tables, so that no two tables get the same name.
        prefixes = {replaced_name(live): "", swap_record_name(live): "cosmicdeploy_"}
        tables = [
            (schema, each) for schema in prefixes for each in Facts(session, schema).engines()
        ]
        if not tables:
            return ""
        kept = kept_name(live)
        create_schema_like(session, live, kept)
        moves = ", ".join(
            f"{quoted(schema)}.{quoted(table)} TO {quoted(kept)}.{quoted(prefixes[schema] + table)}"
            for schema, table in tables
        )
        session.execute(f"RENAME TABLE {moves}")
        for schema in prefixes:
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
    """Whether a schema keeps replaced data, or a swap has come further than its preparation."""
    phases = SwapRecord(session, live).phases()
    return bool(phases - {Phase.PREPARED} or Facts(session, replaced_name(live)).engines())


def _run(
    session: Session,
    direction: SwapDirection,
    coming: Definitions,
    kept: Iterable[RoutineGrant] = (),
) -> Swapped:
    """Run a swap; if a statement fails, finish or undo the swap, then raise the first error.

    `coming` and `kept` are as in `prepared_record`.
    """
    record = prepared_record(session, direction, coming, kept)
    try:
        return direction.run(session, record)
    except (BackupError, DatabaseError):
        with suppress(BackupError, DatabaseError):  # the first error is the one to report
            resolve(session, direction.live)
        raise
