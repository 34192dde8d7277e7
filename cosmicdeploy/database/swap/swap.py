"""Exchange the live tables for others in one statement, and keep the old ones beside.

Rights that are granted on a schema's name stay with the name; foreign keys move along.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from cosmicdeploy.database.access import DatabaseAccess, Session, open_session
from cosmicdeploy.database.dump.prerequisites import require_swappable
from cosmicdeploy.database.schema.definitions import Definitions, read_definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.recreate import require_creatable, without_broken_views
from cosmicdeploy.database.schema.schemas import (
    before_name,
    drop_empty_schema,
    drop_schema,
    record_name,
    shadow_name,
)
from cosmicdeploy.database.swap.exchange import Exchange, Swapped, back, forth
from cosmicdeploy.database.swap.record import Phase, Record, SwapRecord
from cosmicdeploy.errors import BackupError, DatabaseError
from cosmicdeploy.signals import uninterruptible

# The statement that a killed process sent last goes on in the server, for seconds at most.
OTHERS_END_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What was found of an interrupted swap, and which state is live now.

    "nothing": none was under way; "old": it was taken back, nothing has changed; "new": it was
    finished. For a swap *back*, "old" is the restored data and "new" the data from before it.
    """

    state: Literal["nothing", "old", "new"]
    found: str


def swap(access: DatabaseAccess) -> Swapped:
    """Make the shadow schema's tables the live ones; the live ones go to the "before" schema.

    Writers should be stopped. Raises `BackupError` where there is no shadow, an earlier "before"
    is still kept or something cannot be moved, `DatabaseError` where no moment without a lock was
    found; the live schema is as it was then.
    """
    live = access.name
    with _alone(access) as session:
        _settle(session, live)
        if not Facts(session, shadow_name(live)).engines():
            raise BackupError("no backup was loaded", where=shadow_name(live), todo="load one")
        require_no_before(session, access)
        events = SwapRecord(session, live).held_events()
        coming = read_definitions(session, shadow_name(live)).with_events(events)
        return _run(session, forth(live), _record(session, live, coming))


def swap_back(access: DatabaseAccess) -> Swapped:
    """Undo a swap: the kept tables are live again, the restored ones are dropped.

    Raises `BackupError` where nothing was kept, `DatabaseError` as `swap` does.
    """
    live = access.name
    with _alone(access) as session:
        _settle(session, live)
        store = SwapRecord(session, live)
        if Phase.SWAPPED not in store.phases():
            where = before_name(live)
            raise BackupError("no earlier data is kept", where=where, todo="nothing to undo")
        drop_schema(session, shadow_name(live))
        kept = store.read(Phase.SWAPPED).leaving
        return _run(session, back(live), _record(session, live, kept))


def settle_interrupted_swap(access: DatabaseAccess) -> Settled:
    """Bring a swap that was killed to a whole end; doing it again changes nothing.

    What is to be done is told by the server alone. Raises `DatabaseError`.
    """
    with _alone(access) as session:
        return _settle(session, access.name)


def is_interrupted(access: DatabaseAccess) -> bool:
    """Whether a swap was killed on its way. Raises `DatabaseError`."""
    with open_session(access) as session:
        return bool(SwapRecord(session, access.name).phases() - {Phase.SWAPPED})


def has_before(access: DatabaseAccess) -> bool:
    """Whether the data that a restore replaced is still kept. Raises `DatabaseError`."""
    with open_session(access) as session:
        return _is_kept(session, access.name)


def drop_before(access: DatabaseAccess) -> None:
    """Let go of the data that a restore replaced. Raises `DatabaseError`."""
    with _alone(access) as session:
        _settle(session, access.name)
        # The record goes first: data without one is never taken for a whole state.
        SwapRecord(session, access.name).forget(Phase.SWAPPED)
        drop_schema(session, before_name(access.name))


def require_no_before(session: Session, access: DatabaseAccess) -> None:
    """Raise `BackupError` where the data before an earlier restore is still kept."""
    if _is_kept(session, access.name):
        raise BackupError(
            "the data before an earlier restore is still kept",
            where=before_name(access.name),
            todo="`cosmicdeploy rollback --to BACKUP` goes on with that restore, "
            "`cosmicdeploy deploy --abort` undoes it",
        )


def _is_kept(session: Session, live: str) -> bool:
    phases = SwapRecord(session, live).phases()
    return bool(phases - {Phase.PREPARED} or Facts(session, before_name(live)).engines())


def _record(session: Session, live: str, coming: Definitions) -> Record:
    leaving = without_broken_views(session, read_definitions(session, live))
    require_creatable((*leaving.objects, *coming.objects))
    return Record(leaving=leaving, coming=coming)


def _run(session: Session, exchange: Exchange, record: Record) -> Swapped:
    for schema in (exchange.live, exchange.incoming):
        require_swappable(Facts(session, schema))
    try:
        return exchange.run(session, record)
    except DatabaseError:
        with suppress(DatabaseError):  # what went wrong first is what people need to know
            _settle(session, exchange.live)
        raise


def _settle(session: Session, live: str) -> Settled:
    phases = SwapRecord(session, live).phases()
    for exchange, what in ((back(live), "swap back"), (forth(live), "swap")):
        if exchange.moved in phases:
            exchange.finish(session)
            return Settled(state="new", found=f"a {what} was interrupted after its tables moved")
        if exchange.prepared in phases:
            exchange.take_back(session)
            return Settled(state="old", found=f"a {what} was interrupted before its tables moved")
    SwapRecord(session, live).forget()
    if not phases:
        drop_empty_schema(session, before_name(live))
    return Settled(state="nothing", found="no swap was interrupted")


@contextmanager
def _alone(access: DatabaseAccess) -> Iterator[Session]:
    """A session while no other one swaps, not even one that lost its client; no signal stops what
    is done with it half-way."""
    with uninterruptible(), open_session(access) as session:
        name = record_name(access.name)
        if not session.hold(name, OTHERS_END_SECONDS):
            raise DatabaseError(
                "another process is swapping tables",
                where=session.where,
                todo="wait until it has ended, and run the command again",
            )
        yield session
