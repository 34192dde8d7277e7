"""Check all devices once, and demote the silent ones: lower their status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from pymysql.cursors import DictCursor

from cosmic_app.database.schema import SchemaCache
from cosmic_app.database.session import Session
from cosmic_app.monitor.decide import DeviceState, decide
from cosmic_app.monitor.store import (
    count_demotable,
    demote,
    find_late,
    read_demotable,
    read_locked,
)
from cosmic_app.settings import Settings
from cosmic_app.transitions import Transition, store

# How many rows are locked at a time: the beats of these devices wait for the commit.
CHUNK_SIZE = 200


class Sweep:
    """Finds silent devices without locks, then checks each again with its row locked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.monitor
        self._schema = SchemaCache()
        self._session = Session(settings.database, on_schema_change=self._schema.forget)

    def demotable(self) -> list[DeviceState]:
        """Read all devices whose status can still be lowered."""
        return self._session.autocommit(
            lambda cursor: read_demotable(cursor, self._schema.get(cursor), self._settings)
        )

    def count(self) -> int:
        """Return how many devices have a status that can still be lowered."""
        return self._session.autocommit(count_demotable)

    def late(self) -> list[int]:
        """Return the ids of the devices that may be due."""
        return self._session.autocommit(
            lambda cursor: find_late(cursor, self._schema.get(cursor), self._settings)
        )

    def due(self, devices: Sequence[DeviceState]) -> list[Transition]:
        """Return the demotions that are due for these devices."""
        decisions = (decide(device, self._settings.tolerance) for device in devices)
        return [transition for transition in decisions if transition]

    def apply(self, ids: Sequence[int]) -> Iterator[list[Transition]]:
        """Demote those of these devices that are due, in chunks.

        Yields the transitions of each chunk after its commit. A device that sent a heartbeat in the
        meantime keeps its status.
        """
        ordered = sorted(ids)
        for start in range(0, len(ordered), CHUNK_SIZE):
            chunk = ordered[start : start + CHUNK_SIZE]
            yield self._session.transaction(partial(self._demote, ids=chunk))

    def close(self) -> None:
        """Close the connection to the database."""
        self._session.close()

    def _demote(self, cursor: DictCursor, ids: Sequence[int]) -> list[Transition]:
        schema = self._schema.get(cursor)
        transitions = self.due(read_locked(cursor, ids, schema, self._settings))
        demote(cursor, transitions, schema)
        store(cursor, transitions, schema)
        return transitions
