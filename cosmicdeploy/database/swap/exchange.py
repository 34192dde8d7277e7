"""Move tables into the live schema and its own out of it, with the objects that belong to them.

RENAME TABLE moves all tables at once or none, but refuses those with triggers, and moves nothing
else. So what has to be dropped is recorded first, and made anew in its new place. Until the RENAME
the swap can be taken back, from then on it can be finished, each by whoever finds the record.
"""

from __future__ import annotations

from dataclasses import dataclass

from cosmicdeploy.database.access import Session, quoted
from cosmicdeploy.database.patience import patiently
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.recreate import complete_active, drop, recreate
from cosmicdeploy.database.schema.schemas import (
    before_name,
    create_schema_like,
    drop_empty_schema,
    drop_schema,
    shadow_name,
)
from cosmicdeploy.database.swap.record import HELD_EVENTS, Phase, Record, SwapRecord


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """The tables that came into the live schema, and those that left it."""

    came: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One direction of a swap: where tables come from and go to, and how its phases are named."""

    live: str
    incoming: str
    outgoing: str
    prepared: Phase
    moved: Phase

    def run(self, session: Session, record: Record) -> Swapped:
        """Do all of it. Raises `DatabaseError`; see `take_back` for what holds then."""
        left, came = Facts(session, self.live).engines(), Facts(session, self.incoming).engines()
        drop_empty_schema(session, self.outgoing)
        create_schema_like(session, self.live, self.outgoing)
        store = SwapRecord(session, self.live)
        store.write(self.prepared, record)
        drop(session, self.live, "EVENT", "TRIGGER")
        drop(session, self.incoming, "TRIGGER")
        moves = [*_moves(left, self.live, self.outgoing), *_moves(came, self.incoming, self.live)]
        moves.append(store.move(self.prepared, self.moved))
        patiently(session, "RENAME TABLE " + ", ".join(moves))
        self.finish(session)
        return Swapped(came=tuple(came), left=tuple(left))

    def finish(self, session: Session) -> None:
        """After the tables moved: let the objects follow. Raises `DatabaseError`."""
        store = SwapRecord(session, self.live)
        recreate(session, self.live, store.read(self.moved).coming)
        if self.moved is Phase.MOVED:
            drop_empty_schema(session, self.incoming)
            store.forget(HELD_EVENTS)
            store.enter(Phase.MOVED, Phase.SWAPPED)
            return
        drop_schema(session, self.outgoing)
        drop_empty_schema(session, self.incoming)
        store.forget(Phase.SWAPPED)
        store.forget(self.moved)

    def take_back(self, session: Session) -> None:
        """Before the tables moved: give both sides what was dropped. Raises `DatabaseError`."""
        store = SwapRecord(session, self.live)
        record = store.read(self.prepared)
        complete_active(session, self.live, record.leaving)
        if self.prepared is Phase.PREPARED:  # what was kept before has its objects on record only
            complete_active(session, self.incoming, record.coming.with_events(()))
        drop_empty_schema(session, self.outgoing)
        store.forget(self.prepared)


def forth(live: str) -> Exchange:
    """From the shadow schema into the live one."""
    return Exchange(
        live=live,
        incoming=shadow_name(live),
        outgoing=before_name(live),
        prepared=Phase.PREPARED,
        moved=Phase.MOVED,
    )


def back(live: str) -> Exchange:
    """What was kept becomes live again."""
    return Exchange(
        live=live,
        incoming=before_name(live),
        outgoing=shadow_name(live),
        prepared=Phase.BACK_PREPARED,
        moved=Phase.BACK_MOVED,
    )


def _moves(tables: dict[str, str], source: str, target: str) -> list[str]:
    return [
        f"{quoted(source)}.{quoted(name)} TO {quoted(target)}.{quoted(name)}" for name in tables
    ]
