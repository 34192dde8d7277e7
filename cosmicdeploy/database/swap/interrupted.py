"""Finish or undo a swap whose process was killed, and let only one session swap at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.schemas import (
    drop_empty_schema,
    replaced_name,
    shadow_name,
    swap_record_name,
)
from cosmicdeploy.database.session import Session, is_refusal, open_session
from cosmicdeploy.database.swap.direction import backward, forward
from cosmicdeploy.database.swap.preparation import prepared_record
from cosmicdeploy.database.swap.record import Phase, Record, SwapRecord
from cosmicdeploy.errors import BackupError, DatabaseError
from cosmicdeploy.process.signals import uninterruptible

# After a kill, the last statement of the process continues on the server for a few seconds at most.
OTHERS_END_SECONDS = 30


State = Literal["nothing", "old", "new"]


@dataclass(frozen=True, kw_only=True)
class SwapOutcome:
    """What was done about an interrupted swap, and which data is live now.

    `state` is "nothing" if no swap was interrupted. "old": the swap was undone, so the live data is
    the data from before the swap. "new": the swap was finished. A swap *back* makes the replaced
    data live again, so in that case "old" means the restored data, and "new" the data from before
    the restore.
    """

    state: State
    description: str


def resolve_interrupted_swap(access: DatabaseAccess) -> SwapOutcome:
    """Finish or undo an interrupted swap; a second call changes nothing.

    What is done depends only on the record in the database. Raises what `resolve` raises.
    """
    with exclusive_session(access) as session:
        return resolve(session, access.name)


def is_swap_interrupted(access: DatabaseAccess) -> bool:
    """Return whether there is an interrupted swap. Raises `DatabaseError`."""
    with open_session(access) as session:
        return bool(SwapRecord(session, access.name).phases() - {Phase.SWAPPED})


def resolve(session: Session, live: str) -> SwapOutcome:
    """Finish or undo an interrupted swap, in an exclusive session.

    Raises `DatabaseError`, and `BackupError` if the server refuses a recorded object.
    """
    store = SwapRecord(session, live)
    phases = store.phases()
    if Phase.BACK_MOVED in phases:
        notes = backward(live).finish(session)
        return _outcome("new", "a swap back was interrupted after its tables moved", notes)
    if Phase.BACK_PREPARED in phases:
        notes = backward(live).undo(session)
        # With MOVED, the swap back was to undo a swap that could not be finished and is still open.
        if Phase.MOVED not in phases:
            return _outcome("old", "a swap back was interrupted before its tables moved", notes)
    if Phase.MOVED in phases:
        return _finish_or_undo(session, live)
    if Phase.PREPARED in phases:
        notes = forward(live).undo(session)
        return _outcome("old", "a swap was interrupted before its tables moved", notes)
    store.forget()
    if not phases:
        drop_empty_schema(session, replaced_name(live))
    return SwapOutcome(state="nothing", description="no swap was interrupted")


def _finish_or_undo(session: Session, live: str) -> SwapOutcome:
    """Finish a swap whose tables have moved; undo it if the server refuses one of its objects.

    The server may refuse an object that it accepted before the swap, for example if it has lost its
    time zone tables. The undo loses no data: no client has written to the moved tables, and the
    backup has them too.
    """
    interrupted = "a swap was interrupted after its tables moved"
    kept = SwapRecord(session, live).read(Phase.MOVED)
    try:
        notes = forward(live).finish(session)
    except (BackupError, DatabaseError) as error:
        if isinstance(error, DatabaseError) and not is_refusal(error):
            raise
        undone = f"{interrupted}, and is undone, since it cannot be finished: {error.what}"
        return _outcome("old", undone, _undo_moved(session, live, kept, error))
    return _outcome("new", interrupted, notes)


def _outcome(state: State, what: str, notes: Sequence[str]) -> SwapOutcome:
    return SwapOutcome(state=state, description="; ".join((what, *notes)))


def _undo_moved(
    session: Session, live: str, kept: Record, unfinished: BackupError | DatabaseError
) -> Sequence[str]:
    """Undo a swap that cannot be finished because of the error `unfinished`.

    `kept` is the record of the swap. Returns lines about events and privileges that are not as they
    were.
    """
    back = backward(live)
    try:
        return back.run(session, prepared_record(session, back, kept.leaving, kept.grants)).notes
    except (BackupError, DatabaseError) as error:
        raise DatabaseError(
            "A swap of data can be neither finished nor undone",
            where=session.where,
            todo=unfinished.todo
            or error.todo
            or "correct what the server refuses, and run the same command again",
            details=[
                f"not finished: {unfinished.what}",
                f"not undone: {error.what}",
                f"no table is lost: the old and the new ones are in {live}, {replaced_name(live)}"
                f" and {shadow_name(live)}",
            ],
        ) from error


@contextmanager
def exclusive_session(access: DatabaseAccess) -> Iterator[Session]:
    """Open the only session that may swap tables; no signal interrupts the block.

    Waits up to 30 seconds for another such session to end. Even the session of a killed process may
    still run its last statement. Raises `DatabaseError` if the other session does not end.
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
