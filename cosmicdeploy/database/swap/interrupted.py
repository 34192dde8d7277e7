"""Finish or undo a swap whose process was killed, and let only one session swap at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.schemas import (
    drop_empty_schema,
    replaced_name,
    swap_record_name,
)
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.swap.direction import backward, forward
from cosmicdeploy.database.swap.record import Phase, SwapRecord
from cosmicdeploy.errors import DatabaseError
from cosmicdeploy.signals import uninterruptible

# After a kill, the last statement of the process continues on the server for a few seconds at most.
OTHERS_END_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class SwapOutcome:
    """What was done about an interrupted swap, and which data is live now.

    `state` is "nothing" if no swap was interrupted. "old": the swap was undone, so the live data is
    that from before the swap. "new": the swap was finished. A swap *back* puts the replaced data
    live again, so "old" then means the restored data, and "new" the data from before the restore.
    """

    state: Literal["nothing", "old", "new"]
    description: str


def resolve_interrupted_swap(access: DatabaseAccess) -> SwapOutcome:
    """Finish or undo an interrupted swap; a second call changes nothing.

    What is done depends only on the record in the database. Raises `DatabaseError`, and
    `BackupError` if a recorded definition is not usable.
    """
    with exclusive_session(access) as session:
        return resolve(session, access.name)


def is_swap_interrupted(access: DatabaseAccess) -> bool:
    """Return whether a swap was interrupted. Raises `DatabaseError`."""
    with open_session(access) as session:
        return bool(SwapRecord(session, access.name).phases() - {Phase.SWAPPED})


def resolve(session: Session, live: str) -> SwapOutcome:
    """Finish or undo an interrupted swap, in an exclusive session.

    Raises what `resolve_interrupted_swap` raises.
    """
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
