"""One round of the monitor over all devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from pymysql.cursors import DictCursor

from cosmic_app.database import Session
from cosmic_app.monitor.decide import DeviceState, decide
from cosmic_app.monitor.store import demote, read_locked, read_watched
from cosmic_app.schema import SchemaCache
from cosmic_app.settings import Settings
from cosmic_app.transitions import Transition, store

# So many rows are locked at a time: beats of these devices wait for the commit.
CHUNK = 50


class Sweep:
    """Finds silent devices without locks, then judges each again under its row's lock."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.monitor
        self._schema = SchemaCache()
        self._session = Session(settings.database, on_schema_change=self._schema.forget)

    def watched(self) -> list[DeviceState]:
        """All devices that can still be demoted."""
        return self._session.single(
            lambda cursor: read_watched(cursor, self._schema.get(cursor), self._settings)
        )

    def due(self, devices: Sequence[DeviceState]) -> list[Transition]:
        """The demotions that these devices' silence asks for."""
        return self._judge(devices)

    def apply(self, due: Sequence[Transition]) -> Iterator[list[Transition]]:
        """Demote in chunks, each committed before it is yielded; a beat in between wins."""
        ids = sorted(transition.device_id for transition in due)
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            yield self._session.transaction(partial(self._demote, ids=chunk))

    def close(self) -> None:
        """Close the connection to the database."""
        self._session.close()

    def _demote(self, cursor: DictCursor, ids: Sequence[int]) -> list[Transition]:
        schema = self._schema.get(cursor)
        transitions = self._judge(read_locked(cursor, ids, schema, self._settings))
        for transition in transitions:
            demote(cursor, transition, schema)
        store(cursor, transitions, schema)
        return transitions

    def _judge(self, devices: Sequence[DeviceState]) -> list[Transition]:
        found = (decide(device, self._settings.tolerance) for device in devices)
        return [transition for transition in found if transition]
