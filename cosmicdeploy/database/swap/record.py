"""The record of a swap in the database, with which any process can finish or undo the swap.

The record is the only row of a table in a schema of its own. The name of that table is the phase of
the swap. So a single RENAME TABLE can move the data and enter the next phase.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.rebuilding.routine_grants import RoutineGrant
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

# Names of two more tables in the record's schema. Older versions of the deployer use the same
# names, so these must not change.
PARTIAL_TABLE = "draft"
HELD_EVENTS = "held_events"
EVENTS = TypeAdapter(tuple[Definition, ...])


class Phase(StrEnum):
    """How far a swap has come; in the BACK phases, a swap back. The values are names of tables."""

    PREPARED = "swap_prepared"
    MOVED = "swap_moved"
    SWAPPED = "swapped"
    BACK_PREPARED = "back_prepared"
    BACK_MOVED = "back_moved"


class Record(StoredModel):
    """The views, routines, triggers and events of the two schemas before a swap.

    `leaving` are the objects of the live tables, `coming` those of the tables that become live.
    `grants` are the privileges on single routines of the live schema, as they were when this record
    was written; in the record of a swap back, also as they were before the swap that it undoes.
    """

    leaving: Definitions
    coming: Definitions
    grants: tuple[RoutineGrant, ...] = ()

    def to_json(self) -> str:
        """Return the record in its stored form.

        An empty `grants` is left out, since older versions do not know this field.
        """
        return self.model_dump_json(exclude=None if self.grants else {"grants"})


class SwapRecord:
    """Reads and writes the record for one live schema. All methods raise `DatabaseError`."""

    def __init__(self, session: Session, live: str) -> None:
        self._session = session
        self._live = live
        self._schema = swap_record_name(live)

    def phases(self) -> frozenset[Phase]:
        """Return the recorded phases; in a swap back also that of the swap which it undoes."""
        names = set(Facts(self._session, self._schema).engines())
        return frozenset(phase for phase in Phase if phase in names)

    def write(self, phase: Phase, record: Record) -> None:
        """Enter a phase with a new record, which is written completely or not at all."""
        self._store(phase, record.to_json())

    def read(self, phase: Phase) -> Record:
        """Return the record of a phase."""
        try:
            return Record.model_validate_json(self._load(phase))
        except ValidationError as error:
            raise self._unreadable(phase) from error

    def move(self, old: Phase, new: Phase) -> str:
        """Return the part of a RENAME TABLE statement that enters the next phase."""
        return f"{self._table(old)} TO {self._table(new)}"

    def enter(self, old: Phase, new: Phase) -> None:
        """Enter the next phase."""
        self._session.execute(f"RENAME TABLE {self.move(old, new)}")

    def forget(self, *tables: str) -> None:
        """Drop these tables and any partial one, and the record's schema once it is empty."""
        if not schema_exists(self._session, self._schema):
            return
        for table in (*tables, PARTIAL_TABLE):
            self._session.execute(f"DROP TABLE IF EXISTS {self._table(table)}")
        drop_empty_schema(self._session, self._schema)

    def hold_events(self, events: tuple[Definition, ...]) -> None:
        """Store the events of a loaded backup, which must not run before its tables are live.

        These events replace the stored events of a backup that was loaded before.
        """
        if not events:
            self.forget(HELD_EVENTS)
        else:
            self._store(HELD_EVENTS, EVENTS.dump_json(events).decode())

    def held_events(self) -> tuple[Definition, ...]:
        """Return the stored events of the loaded backup, to create once its tables are live."""
        if HELD_EVENTS not in Facts(self._session, self._schema).engines():
            return ()
        try:
            return EVENTS.validate_json(self._load(HELD_EVENTS))
        except ValidationError as error:
            raise self._unreadable(HELD_EVENTS) from error

    def _store(self, table: str, text: str) -> None:
        """Write a table with one row, and give it its name only when it is complete."""
        if not schema_exists(self._session, self._schema):
            create_schema_like(self._session, self._live, self._schema)
        partial = self._table(PARTIAL_TABLE)
        self._session.execute(f"DROP TABLE IF EXISTS {partial}, {self._table(table)}")
        self._session.execute(
            # A server may require a primary key.
            f"CREATE TABLE {partial} (id INT PRIMARY KEY, record LONGTEXT NOT NULL) ENGINE=InnoDB"
            " CHARACTER SET utf8mb4"
        )
        self._session.execute(f"INSERT INTO {partial} VALUES (1, %s)", text)  # noqa: S608 - quoted
        self._session.execute(f"RENAME TABLE {partial} TO {self._table(table)}")

    def _load(self, table: str) -> str:
        rows = self._session.rows(f"SELECT record FROM {self._table(table)}")  # noqa: S608 - quoted
        return str(rows[0][0]) if rows else ""

    def _unreadable(self, table: str) -> DatabaseError:
        """Return the error for a damaged record: it is not known which tables have moved."""
        return DatabaseError(
            "The record of a swap cannot be read, so no table is moved or dropped",
            where=f"{self._session.where}: {self._schema}.{table}",
            todo=f"compare the tables in {self._live!r} with those in "
            f"{replaced_name(self._live)!r} by hand; "
            "`cosmicdeploy backup verify latest --restore` shows whether the latest backup can be"
            " restored",
        )

    def _table(self, name: str) -> str:
        return f"{quoted(self._schema)}.{quoted(name)}"
