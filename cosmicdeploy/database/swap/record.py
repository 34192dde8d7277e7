"""What a swap has to know to be finished or taken back by another process, kept on the server.

It is one row of one table in a schema beside the live one. The table's *name* is the phase: that
way the statement that moves the data moves the phase along, in one go.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from cosmicdeploy.database.access import Session, quoted
from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.schemas import (
    before_name,
    create_schema_like,
    drop_empty_schema,
    record_name,
    schema_exists,
)
from cosmicdeploy.errors import DatabaseError

DRAFT = "draft"
HELD_EVENTS = "held_events"
EVENTS = TypeAdapter(tuple[Definition, ...])


class Phase(StrEnum):
    """How far a swap, or a swap back, has come."""

    PREPARED = "swap_prepared"
    MOVED = "swap_moved"
    SWAPPED = "swapped"
    BACK_PREPARED = "back_prepared"
    BACK_MOVED = "back_moved"


class Record(BaseModel):
    """The objects of the tables that leave the live schema, and of those that come into it."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    leaving: Definitions
    coming: Definitions


class SwapRecord:
    """The record of one live schema. All methods raise `DatabaseError`."""

    def __init__(self, session: Session, live: str) -> None:
        self._session = session
        self._live = live
        self._schema = record_name(live)

    def phases(self) -> frozenset[Phase]:
        """The phases that are on record: a swap back has its own beside the swap's."""
        names = set(Facts(self._session, self._schema).engines())
        return frozenset(phase for phase in Phase if phase in names)

    def write(self, phase: Phase, record: Record) -> None:
        """Enter a phase with a new record: it is there as a whole or not at all."""
        self._store(phase, record.model_dump_json())

    def read(self, phase: Phase) -> Record:
        """The record of a phase."""
        try:
            return Record.model_validate_json(self._load(phase))
        except ValidationError as error:
            raise self._unreadable(phase) from error

    def move(self, old: Phase, new: Phase) -> str:
        """The piece of a RENAME TABLE statement that goes from one phase to the next."""
        return f"{self._table(old)} TO {self._table(new)}"

    def enter(self, old: Phase, new: Phase) -> None:
        """Go from one phase to the next."""
        self._session.execute(f"RENAME TABLE {self.move(old, new)}")

    def forget(self, *tables: str) -> None:
        """Drop what is not needed any more, and the schema where nothing is left in it."""
        if not schema_exists(self._session, self._schema):
            return
        for table in (*tables, DRAFT):
            self._session.execute(f"DROP TABLE IF EXISTS {self._table(table)}")
        drop_empty_schema(self._session, self._schema)

    def hold_events(self, events: tuple[Definition, ...]) -> None:
        """Keep the events of loaded tables: they must not run before these are live."""
        if events:
            self._store(HELD_EVENTS, EVENTS.dump_json(events).decode())

    def held_events(self) -> tuple[Definition, ...]:
        """The events that wait for their tables to become live."""
        if HELD_EVENTS not in Facts(self._session, self._schema).engines():
            return ()
        try:
            return EVENTS.validate_json(self._load(HELD_EVENTS))
        except ValidationError as error:
            raise self._unreadable(HELD_EVENTS) from error

    def _store(self, table: str, text: str) -> None:
        if not schema_exists(self._session, self._schema):
            create_schema_like(self._session, self._live, self._schema)
        draft = self._table(DRAFT)
        self._session.execute(f"DROP TABLE IF EXISTS {draft}, {self._table(table)}")
        self._session.execute(
            f"CREATE TABLE {draft} (record LONGTEXT NOT NULL) ENGINE=InnoDB CHARACTER SET utf8mb4"
        )
        self._session.execute(f"INSERT INTO {draft} VALUES (%s)", text)  # noqa: S608 - quoted
        self._session.execute(f"RENAME TABLE {draft} TO {self._table(table)}")

    def _load(self, table: str) -> str:
        rows = self._session.rows(f"SELECT record FROM {self._table(table)}")  # noqa: S608 - quoted
        return str(rows[0][0]) if rows else ""

    def _unreadable(self, table: str) -> DatabaseError:
        """Neither of the two states of the tables can be told from it, so none is touched."""
        return DatabaseError(
            "the record of a swap of tables cannot be read, so nothing is moved or dropped",
            where=f"{self._session.where}: {self._schema}.{table}",
            todo=f"compare the tables in {self._live!r} with those in {before_name(self._live)!r} "
            "by hand; `cosmicdeploy backup verify latest --restore` tells whether there is a way"
            " back",
        )

    def _table(self, name: str) -> str:
        return f"{quoted(self._schema)}.{quoted(name)}"
