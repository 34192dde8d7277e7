"""Write a batch of heartbeats: find the devices, check limits, commit, announce transitions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pymysql

from cosmic_app.cache import Breaker
from cosmic_app.database.schema import SchemaCache
from cosmic_app.database.session import DatabaseUnavailable, Session
from cosmic_app.features import Switches
from cosmic_app.heartbeat.limiter import Limiter
from cosmic_app.heartbeat.model import (
    Accepted,
    Allowance,
    Beat,
    Device,
    Limited,
    Outcome,
    Unauthorized,
    Unavailable,
)
from cosmic_app.heartbeat.store import find_devices, record_beats, record_connected
from cosmic_app.settings import Settings
from cosmic_app.transitions import CONNECTED, announce

logger = logging.getLogger(__name__)


class BeatWriter:
    """The writer of all beats in a process. For one thread only."""

    def __init__(self, settings: Settings, breaker: Breaker) -> None:
        self._schema = SchemaCache()
        self._session = Session(settings.database, on_schema_change=self._schema.forget)
        self._limiter = Limiter(settings.limiter, breaker, Switches(settings.features))
        self._breaker = breaker

    def open(self) -> None:
        """Connect now, so that no beat waits for it. If this fails, the first beat connects."""
        try:
            self._session.autocommit(self._schema.get)
        except (DatabaseUnavailable, pymysql.MySQLError) as error:
            logger.warning("Started without the database: %s", error)
        self._breaker.attempt(lambda client: client.ping())

    def write(self, beats: Sequence[Beat]) -> list[Outcome]:
        """Return one outcome per beat, in the same order. Accepted beats are committed."""
        try:
            return self._write(beats)
        except DatabaseUnavailable as error:
            logger.warning("Beats not written, the database is unavailable: %s", error)
            return [Unavailable("The database is not reachable.")] * len(beats)
        except pymysql.MySQLError as error:
            logger.error("Beats not written, the database refused them: %s", error)
            return [Unavailable("The database refused the beat.")] * len(beats)

    def close(self) -> None:
        """Close the connection to the database."""
        self._session.close()

    def _write(self, beats: Sequence[Beat]) -> list[Outcome]:
        hashes = [beat.token_hash for beat in beats]
        devices = self._session.autocommit(lambda cursor: find_devices(cursor, hashes))
        allowances = self._check_limits(beats, devices)
        accepted: dict[int, Beat] = {}
        all_connected = True
        for beat, allowance in zip(beats, allowances, strict=True):
            if allowance and allowance.allowed:
                device = devices[beat.token_hash]
                accepted[device.id] = _merge(accepted.get(device.id), beat)
                all_connected = all_connected and device.status == CONNECTED
        recovered: set[int] = set()
        if not (all_connected and self._record_connected(accepted)):
            recovered = self._record(accepted)
        return [
            self._outcome(devices.get(beat.token_hash), allowance, recovered)
            for beat, allowance in zip(beats, allowances, strict=True)
        ]

    def _check_limits(
        self, beats: Sequence[Beat], devices: Mapping[str, Device]
    ) -> list[Allowance | None]:
        """Return one allowance per beat, None for a beat with an unknown token."""
        owners = [devices.get(beat.token_hash) for beat in beats]
        checked = iter(self._limiter.check([owner.id for owner in owners if owner]))
        return [next(checked) if owner else None for owner in owners]

    def _record_connected(self, beats: Mapping[int, Beat]) -> bool:
        """Write the beats of connected devices; return whether all devices were connected.

        Usually they all are, and no transaction is needed.
        """
        return not beats or self._session.autocommit(
            lambda cursor: record_connected(cursor, beats, self._schema.get(cursor))
        )

    def _record(self, beats: Mapping[int, Beat]) -> set[int]:
        """Commit the beats; return the ids of devices that were not connected before."""
        recovered = self._session.transaction(
            lambda cursor: record_beats(cursor, beats, self._schema.get(cursor))
        )
        announce(recovered, self._breaker)
        return {transition.device_id for transition in recovered}

    def _outcome(
        self, device: Device | None, allowance: Allowance | None, recovered: set[int]
    ) -> Outcome:
        if device is None or allowance is None:
            return Unauthorized()
        if not allowance.allowed:
            return Limited(allowance=allowance)
        return Accepted(should_reconnect=device.id in recovered, allowance=allowance)


def _merge(earlier: Beat | None, beat: Beat) -> Beat:
    """Return the later beat of a device; if it has no id, it gets the id of the earlier beat."""
    if earlier is None or beat.id:
        return beat
    return replace(beat, id=earlier.id)
