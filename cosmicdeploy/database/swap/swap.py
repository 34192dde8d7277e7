"""Swap the shadow schema's tables with the live ones in one statement, and keep the replaced ones.

Privileges granted on a schema stay with the schema's name; foreign keys move with their tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.definitions import Definitions, read_definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.recreate import require_creatable, without_broken_views
from cosmicdeploy.database.schema.schemas import (
    drop_empty_schema,
    drop_schema,
    replaced_name,
    shadow_name,
    swap_record_name,
)
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.swap.direction import SwapDirection, Swapped, backward, forward
from cosmicdeploy.database.swap.record import Phase, Record, SwapRecord
from cosmicdeploy.errors import BackupError, DatabaseError
from cosmicdeploy.signals import uninterruptible

# The last statement of a killed process goes on in the server, for seconds at most.
OTHERS_END_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class SwapOutcome:
    """How an interrupted swap ended, and which data is live now.

    "nothing": no swap was interrupted; "old": the swap was undone and nothing has changed; "new":
    the swap was finished. For a swap *back*, "old" is the restored data and "new" the data from
    before the restore.
    """

    state: Literal["nothing", "old", "new"]
    description: str


def swap(access: DatabaseAccess) -> Swapped:
    """Make the shadow schema's tables live, and keep the replaced ones in their own schema.

    Writers should be stopped. Raises `BackupError` if there is no shadow schema, the data from
    before an earlier restore is still kept, or a table cannot be moved; `DatabaseError` if the
    tables stay locked. The live schema is unchanged then.
    """
    live = access.name
    with _only_swap(access) as session:
        _resolve(session, live)
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
    """Undo a swap: the replaced tables become live again, the restored ones are dropped.

    Raises `BackupError` if no replaced tables are kept, `DatabaseError` as `swap` does.
    """
    live = access.name
    with _only_swap(access) as session:
        _resolve(session, live)
        store = SwapRecord(session, live)
        if Phase.SWAPPED not in store.phases():
            where = replaced_name(live)
            raise BackupError(
                "No data from before a restore is kept, so there is nothing to undo",
                where=where,
                todo="`cosmicdeploy backup list` shows the backups to restore instead",
            )
        drop_schema(session, shadow_name(live))
        kept = store.read(Phase.SWAPPED).leaving
        return _run(session, backward(live), _record(session, live, kept))


def resolve_interrupted_swap(access: DatabaseAccess) -> SwapOutcome:
    """Finish or undo a swap that was killed; a second call changes nothing.

    Decides by the record on the server alone. Raises `DatabaseError`.
    """
    with _only_swap(access) as session:
        return _resolve(session, access.name)


def is_swap_interrupted(access: DatabaseAccess) -> bool:
    """Return whether a swap was killed halfway. Raises `DatabaseError`."""
    with open_session(access) as session:
        return bool(SwapRecord(session, access.name).phases() - {Phase.SWAPPED})


def has_replaced_data(access: DatabaseAccess) -> bool:
    """Return whether the data that a restore replaced is still kept. Raises `DatabaseError`."""
    with open_session(access) as session:
        return _keeps_replaced(session, access.name)


def drop_replaced_data(access: DatabaseAccess) -> None:
    """Drop the data that a restore replaced. Raises `DatabaseError`."""
    with _only_swap(access) as session:
        _resolve(session, access.name)
        # Drop the record first: data without a record is never restored.
        SwapRecord(session, access.name).forget(Phase.SWAPPED)
        drop_schema(session, replaced_name(access.name))


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
    leaving = without_broken_views(session, read_definitions(session, live))
    require_creatable((*leaving.objects, *coming.objects))
    return Record(leaving=leaving, coming=coming)


def require_swappable(facts: Facts) -> None:
    """Raise `BackupError` if the tables of a schema cannot be moved to another one by name."""
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
            todo="restore by hand, or drop them and create them again afterwards",
            details=lines,
        )


def _run(session: Session, direction: SwapDirection, record: Record) -> Swapped:
    for schema in (direction.live, direction.incoming):
        require_swappable(Facts(session, schema))
    try:
        return direction.run(session, record)
    except DatabaseError:
        with suppress(DatabaseError):  # the first error is the one to report
            _resolve(session, direction.live)
        raise


def _resolve(session: Session, live: str) -> SwapOutcome:
    phases = SwapRecord(session, live).phases()
    for direction, what in ((backward(live), "swap back"), (forward(live), "swap")):
        if direction.moved in phases:
            direction.finish(session)
            return SwapOutcome(
                state="new", description=f"a {what} was interrupted after its tables moved"
            )
        if direction.prepared in phases:
            direction.undo(session)
            return SwapOutcome(
                state="old", description=f"a {what} was interrupted before its tables moved"
            )
    SwapRecord(session, live).forget()
    if not phases:
        drop_empty_schema(session, replaced_name(live))
    return SwapOutcome(state="nothing", description="no swap was interrupted")


@contextmanager
def _only_swap(access: DatabaseAccess) -> Iterator[Session]:
    """Open a session that is the only one to swap; no signal interrupts the block.

    It also waits for a session whose process was killed, since its last statement may still run.
    """
    with uninterruptible(), open_session(access) as session:
        name = swap_record_name(access.name)
        if not session.acquire_lock(name, OTHERS_END_SECONDS):
            raise DatabaseError(
                "Another process is swapping tables",
                where=session.where,
                todo="wait until it has finished, and run the command again",
            )
        yield session
