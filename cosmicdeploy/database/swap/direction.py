"""Run a swap in either direction: tables move into the live schema and out of it.

RENAME TABLE moves all tables or none. But it refuses tables with triggers, and does not move views,
routines and events. So a swap first records all these objects and drops triggers and events. Then
the swap moves the tables and creates the objects again. If the process of the swap is killed, any
later process that finds the record can undo the swap if the tables have not moved, or finish the
swap if they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.rebuilding.routine_grants import grant_again
from cosmicdeploy.database.schema.recreate import (
    create_missing_triggers_and_events,
    drop_objects,
    recreate_objects,
)
from cosmicdeploy.database.schema.schemas import (
    create_schema_like,
    drop_empty_schema,
    drop_schema,
    replaced_name,
    shadow_name,
)
from cosmicdeploy.database.session import Session, execute_when_unlocked
from cosmicdeploy.database.swap.record import HELD_EVENTS, Phase, Record, SwapRecord


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """The names of the tables that moved into the live schema, and of those that moved out.

    `notes` are lines about events and privileges that differ from before the swap.
    """

    moved_in: tuple[str, ...]
    moved_out: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SwapDirection:
    """The schemas of a swap in one direction, and its phases.

    Tables move from the schema `incoming` to `live`, and from `live` to `outgoing`. The phase is
    `prepared` before the tables move, and `moved` after that.
    """

    live: str
    incoming: str
    outgoing: str
    prepared: Phase
    moved: Phase

    def run(self, session: Session, record: Record) -> Swapped:
        """Run the whole swap. Raises what `finish` raises.

        After an error, the caller has to `undo` the swap if the phase is `prepared`, and `finish`
        it if the phase is `moved`. In any other phase, no table or object has changed.
        """
        tables_out = Facts(session, self.live).engines()
        tables_in = Facts(session, self.incoming).engines()
        drop_empty_schema(session, self.outgoing)
        create_schema_like(session, self.live, self.outgoing)
        store = SwapRecord(session, self.live)
        store.write(self.prepared, record)
        drop_objects(session, self.live, "EVENT", "TRIGGER")
        drop_objects(session, self.incoming, "TRIGGER")
        moves = _moves(tables_out, self.live, self.outgoing)
        moves += _moves(tables_in, self.incoming, self.live)
        moves.append(store.move(self.prepared, self.moved))
        execute_when_unlocked(session, "RENAME TABLE " + ", ".join(moves))
        notes = self.finish(session)
        return Swapped(moved_in=tuple(tables_in), moved_out=tuple(tables_out), notes=tuple(notes))

    def finish(self, session: Session) -> list[str]:
        """Finish a swap whose tables have moved: create the objects, drop what is not needed.

        Returns lines about events and privileges that are not as they were. Raises `DatabaseError`,
        and `BackupError` if a recorded definition is not usable.
        """
        store = SwapRecord(session, self.live)
        record = store.read(self.moved)
        notes = recreate_objects(session, self.live, record.coming)
        notes += grant_again(session, self.live, record.grants)
        if self.moved is Phase.MOVED:
            drop_empty_schema(session, self.incoming)
            store.forget(HELD_EVENTS)
            store.enter(Phase.MOVED, Phase.SWAPPED)
            return notes
        drop_schema(session, self.outgoing)
        drop_empty_schema(session, self.incoming)
        # A swap back begins from a finished swap, or from one that could not be finished.
        store.forget(Phase.SWAPPED, Phase.MOVED, HELD_EVENTS)
        store.forget(self.moved)  # last, since without it a killed swap back would not be finished
        return notes

    def undo(self, session: Session) -> list[str]:
        """Undo a swap whose tables have not moved: create the dropped triggers and events again.

        Returns lines about events and privileges that are not as they were. Raises `DatabaseError`,
        and `BackupError` if a recorded definition is not usable.
        """
        store = SwapRecord(session, self.live)
        record = store.read(self.prepared)
        notes = create_missing_triggers_and_events(session, self.live, record.leaving)
        # In a swap back, the incoming tables have no triggers: their triggers exist only in the
        # record.
        if self.prepared is Phase.PREPARED:
            create_missing_triggers_and_events(
                session, self.incoming, record.coming.with_events(())
            )
        drop_empty_schema(session, self.outgoing)
        store.forget(self.prepared)
        return notes


def forward(live: str) -> SwapDirection:
    """Return the direction of a swap: the shadow schema's tables become live."""
    return SwapDirection(
        live=live,
        incoming=shadow_name(live),
        outgoing=replaced_name(live),
        prepared=Phase.PREPARED,
        moved=Phase.MOVED,
    )


def backward(live: str) -> SwapDirection:
    """Return the direction of a swap back: the replaced tables become live again."""
    return SwapDirection(
        live=live,
        incoming=replaced_name(live),
        outgoing=shadow_name(live),
        prepared=Phase.BACK_PREPARED,
        moved=Phase.BACK_MOVED,
    )


def _moves(tables: Iterable[str], source: str, target: str) -> list[str]:
    """Return the parts of a RENAME TABLE that move these tables to another schema."""
    return [
        f"{quoted(source)}.{quoted(name)} TO {quoted(target)}.{quoted(name)}" for name in tables
    ]
