"""The SQL statements of the monitor: read devices, and lower the status of silent ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymysql.cursors import DictCursor

from cosmic_app.database.case import by_device
from cosmic_app.database.schema import Schema
from cosmic_app.monitor.decide import DeviceState
from cosmic_app.settings import MonitorSettings
from cosmic_app.transitions import CONNECTED, TEMPORARILY_OFFLINE, Transition

# Seconds since a device's last heartbeat, or since its creation if it never sent any, by the
# database's clock.
SILENCE = "TIMESTAMPDIFF(MICROSECOND, COALESCE(last_heartbeat_at, created_at), NOW(6)) / 1000000"
DEMOTABLE = (CONNECTED, TEMPORARILY_OFFLINE)
PERIODS = frozenset({"heartbeat_interval_seconds", "grace_period_seconds"})


def count_demotable(cursor: DictCursor) -> int:
    """Count the devices whose status can still be lowered."""
    cursor.execute("SELECT COUNT(*) AS count FROM remotes WHERE status IN %s", (DEMOTABLE,))
    [row] = cursor.fetchall()
    return int(row["count"])


def read_demotable(
    cursor: DictCursor, schema: Schema, defaults: MonitorSettings
) -> list[DeviceState]:
    """Read all devices whose status can still be lowered, ordered by id, without locks."""
    sql = f"{_select(schema)} WHERE status IN %s ORDER BY id"
    cursor.execute(sql, (DEMOTABLE,))
    return [_state(row, defaults) for row in cursor.fetchall()]


def find_late(cursor: DictCursor, schema: Schema, defaults: MonitorSettings) -> list[int]:
    """Return the ids of the devices in `read_demotable` whose heartbeat is late.

    Only these devices can be due (see `decide`), and usually there are few of them.
    """
    interval = "heartbeat_interval_seconds" if _has_periods(schema) else str(defaults.interval)
    cursor.execute(
        "SELECT id FROM remotes WHERE status IN %s"  # noqa: S608 - no outside text
        f" AND COALESCE({SILENCE}, 0) >= {interval} + %s ORDER BY id",
        (DEMOTABLE, defaults.tolerance),
    )
    return [row["id"] for row in cursor.fetchall()]


def read_locked(
    cursor: DictCursor, ids: Sequence[int], schema: Schema, defaults: MonitorSettings
) -> list[DeviceState]:
    """Read these devices, ordered by id, and lock their rows until the commit."""
    cursor.execute(f"{_select(schema)} WHERE id IN %s ORDER BY id FOR UPDATE", (sorted(ids),))
    return [_state(row, defaults) for row in cursor.fetchall()]


def demote(cursor: DictCursor, transitions: Sequence[Transition], schema: Schema) -> None:
    """Write demotions of devices that `read_locked` returned in the same transaction.

    Demotions with the same statuses, of which there are three kinds, share one UPDATE.
    """
    kinds: dict[tuple[str, str], list[Transition]] = {}
    for transition in transitions:
        kinds.setdefault((transition.from_status, transition.to_status), []).append(transition)
    for (before, after), alike in kinds.items():
        sets = ["status = %s", "updated_at = NOW(3)"]
        parameters: list[object] = [after]
        if schema.tracks_status_changes:
            reasons, values = by_device({each.device_id: each.reason for each in alike})
            sets += [
                "previous_status = %s",
                "last_status_change_at = NOW(3)",
                f"status_change_reason = {reasons}",
            ]
            parameters += [before, *values]
        update = f"UPDATE remotes FORCE INDEX (PRIMARY) SET {', '.join(sets)}"  # noqa: S608
        parameters += [[each.device_id for each in alike], before]
        cursor.execute(f"{update} WHERE id IN %s AND status = %s", parameters)


def _has_periods(schema: Schema) -> bool:
    return schema.remotes >= PERIODS


def _select(schema: Schema) -> str:
    columns = "heartbeat_interval_seconds, grace_period_seconds, " if _has_periods(schema) else ""
    return f"SELECT id, name, status, {columns}{SILENCE} AS silence FROM remotes"  # noqa: S608


def _state(row: Mapping[str, Any], defaults: MonitorSettings) -> DeviceState:
    return DeviceState(
        id=row["id"],
        name=row["name"],
        status=row["status"],
        silence=float(row["silence"] or 0),
        interval=row.get("heartbeat_interval_seconds", defaults.interval),
        grace_period=row.get("grace_period_seconds", defaults.grace_period),
    )
