"""The record of a swap, kept on the server: with it another process can finish or undo the swap.

The record is one row of one table in a schema of its own. The name of the table is the phase, so
that the one statement that moves the data also moves the swap to its next phase.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.schemas import (
    create_schema_like,
    drop_empty_schema,
    replaced_name,
    schema_exists,
    swap_record_name,
)
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.stored_model import StoredModel
from cosmicdeploy.errors import DatabaseError

# Records of earlier versions use these names as well.
PARTIAL_TABLE = "draft"
HELD_EVENTS = "held_events"
EVENTS = TypeAdapter(tuple[Definition, ...])


class Phase(StrEnum):
    """How far a swap, or a swap back, has progressed."""

    PREPARED = "swap_prepared"
    MOVED = "swap_moved"
    SWAPPED = "swapped"
    BACK_PREPARED = "back_prepared"
    BACK_MOVED = "back_moved"


class Record(StoredModel):
    """The objects of the tables that leave the live schema, and of those that enter it."""

    leaving: Definitions
    coming: Definitions


class SwapRecord:
    """Reads and writes the record of one live schema. All methods raise `DatabaseError`."""

    def __init__(self, session: Session, live: str) -> None:
        self._session = session
        self._live = live
        self._schema = swap_record_name(live)

    def phases(self) -> frozenset[Phase]:
        """Return the recorded phases: a swap back has its own in addition to the swap's."""
        names = set(Facts(self._session, self._schema).engines())
        return frozenset(phase for phase in Phase if phase in names)

    def write(self, phase: Phase, record: Record) -> None:
        """Enter a phase with a new record, written completely or not at all."""
        self._store(phase, record.model_dump_json())

    def read(self, phase: Phase) -> Record:
        """Return the record of a phase."""
        try:
            return Record.model_validate_json(self._load(phase))
        except ValidationError as error:
            raise self._unreadable(phase) from error

    def move(self, old: Phase, new: Phase) -> str:
        """Return the part of a RENAME TABLE statement that goes from one phase to the next."""
        return f"{self._table(old)} TO {self._table(new)}"

    def enter(self, old: Phase, new: Phase) -> None:
        """Go from one phase to the next."""
        self._session.execute(f"RENAME TABLE {self.move(old, new)}")

    def forget(self, *tables: str) -> None:
        """Drop these tables of the record, and its schema once it is empty."""
        if not schema_exists(self._session, self._schema):
            return
        for table in (*tables, PARTIAL_TABLE):
            self._session.execute(f"DROP TABLE IF EXISTS {self._table(table)}")
        drop_empty_schema(self._session, self._schema)

    def hold_events(self, events: tuple[Definition, ...]) -> None:
        """Store the events of the loaded tables: they must not run before the tables are live."""
        if events:
            self._store(HELD_EVENTS, EVENTS.dump_json(events).decode())

    def held_events(self) -> tuple[Definition, ...]:
        """Return the events that are created once their tables are live."""
        if HELD_EVENTS not in Facts(self._session, self._schema).engines():
            return ()
        try:
            return EVENTS.validate_json(self._load(HELD_EVENTS))
        except ValidationError as error:
            raise self._unreadable(HELD_EVENTS) from error

    def _store(self, table: str, text: str) -> None:
        if not schema_exists(self._session, self._schema):
            create_schema_like(self._session, self._live, self._schema)
        partial = self._table(PARTIAL_TABLE)
        self._session.execute(f"DROP TABLE IF EXISTS {partial}, {self._table(table)}")
        self._session.execute(
            f"CREATE TABLE {partial} (record LONGTEXT NOT NULL) ENGINE=InnoDB CHARACTER SET utf8mb4"
        )
        self._session.execute(f"INSERT INTO {partial} VALUES (%s)", text)  # noqa: S608 - quoted
        self._session.execute(f"RENAME TABLE {partial} TO {self._table(table)}")

    def _load(self, table: str) -> str:
        rows = self._session.rows(f"SELECT record FROM {self._table(table)}")  # noqa: S608 - quoted
        return str(rows[0][0]) if rows else ""

    def _unreadable(self, table: str) -> DatabaseError:
        """Return the error for a record that does not show where the tables are."""
        return DatabaseError(
            "The record of a swap of tables cannot be read, so nothing is moved or dropped",
            where=f"{self._session.where}: {self._schema}.{table}",
            todo=f"compare the tables in {self._live!r} with those in "
            f"{replaced_name(self._live)!r} by hand; "
            "`cosmicdeploy backup verify latest --restore` shows whether it restores",
        )

    def _table(self, name: str) -> str:
        return f"{quoted(self._schema)}.{quoted(name)}"
