"""Write a batch of heartbeats: find the devices, check bodies and limits, commit, announce."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pymysql

from cosmic_app.cache import Breaker
from cosmic_app.database.schema import SchemaCache
from cosmic_app.database.session import DatabaseUnavailable, Session
from cosmic_app.features import Switches
from cosmic_app.heartbeat.body import BadBody, Content, parse_beat
from cosmic_app.heartbeat.limiter import Limiter
from cosmic_app.heartbeat.model import (
    Accepted,
    Allowance,
    Beat,
    Device,
    Invalid,
    Limited,
    Outcome,
    Unauthorized,
    Unavailable,
)
from cosmic_app.heartbeat.store import find_devices, record_beats, record_connected
from cosmic_app.settings import Settings
from cosmic_app.transitions import CONNECTED, announce

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A beat of a known device, with its parsed body, and the decision of the rate limiter."""

    device: Device
    content: Content
    allowance: Allowance


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
        results = self._check(beats, devices)
        accepted: dict[int, Content] = {}
        all_connected = True
        for result in results:
            if isinstance(result, Checked) and result.allowance.allowed:
                device = result.device
                accepted[device.id] = _merge(accepted.get(device.id), result.content)
                all_connected = all_connected and device.status == CONNECTED
        recovered: set[int] = set()
        if not (all_connected and self._record_connected(accepted)):
            recovered = self._record(accepted)
        return [_outcome(result, recovered) for result in results]

    def _check(
        self, beats: Sequence[Beat], devices: Mapping[str, Device]
    ) -> list[Checked | Unauthorized | Invalid]:
        """Check each beat's token, then its body, then the rate limit.

        Only beats with a valid token and body count towards the limit.
        """
        parsed = [_parse(beat, devices.get(beat.token_hash)) for beat in beats]
        valid = [result for result in parsed if isinstance(result, tuple)]
        allowances = iter(self._limiter.check([device.id for device, _ in valid]))
        return [
            Checked(device=result[0], content=result[1], allowance=next(allowances))
            if isinstance(result, tuple)
            else result
            for result in parsed
        ]

    def _record_connected(self, beats: Mapping[int, Content]) -> bool:
        """Write the beats of connected devices; return whether all devices were connected.

        Usually they all are, and no transaction is needed.
        """
        return not beats or self._session.autocommit(
            lambda cursor: record_connected(cursor, beats, self._schema.get(cursor))
        )

    def _record(self, beats: Mapping[int, Content]) -> set[int]:
        """Commit the beats; return the ids of devices that were not connected before."""
        recovered = self._session.transaction(
            lambda cursor: record_beats(cursor, beats, self._schema.get(cursor))
        )
        announce(recovered, self._breaker)
        return {transition.device_id for transition in recovered}


def _parse(beat: Beat, device: Device | None) -> tuple[Device, Content] | Unauthorized | Invalid:
    if device is None:
        return Unauthorized()
    try:
        return device, parse_beat(beat.body)
    except BadBody as error:
        return Invalid(error)


def _outcome(result: Checked | Unauthorized | Invalid, recovered: set[int]) -> Outcome:
    if not isinstance(result, Checked):
        return result
    if not result.allowance.allowed:
        return Limited(allowance=result.allowance)
    return Accepted(should_reconnect=result.device.id in recovered, allowance=result.allowance)


def _merge(earlier: Content | None, later: Content) -> Content:
    """Return the later beat of a device; if it has no id, it gets the id of the earlier beat."""
    if earlier is None or later.heartbeat_id:
        return later
    return replace(later, heartbeat_id=earlier.heartbeat_id)
