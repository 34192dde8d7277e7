"""The SQL statements of the monitor: read devices, and lower the status of silent ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymysql.cursors import DictCursor

from cosmic_app.database.schema import Schema
from cosmic_app.monitor.decide import DeviceState
from cosmic_app.settings import MonitorSettings
from cosmic_app.transitions import CONNECTED, TEMPORARILY_OFFLINE, Transition

# Seconds since a device's last heartbeat, or since its creation if it never sent any, by the
# database's clock.
SILENCE = "TIMESTAMPDIFF(MICROSECOND, COALESCE(last_heartbeat_at, created_at), NOW(6)) / 1000000"


def read_demotable(
    cursor: DictCursor, schema: Schema, defaults: MonitorSettings
) -> list[DeviceState]:
    """Read all devices whose status can still be lowered, ordered by id, without locks."""
    sql = f"{_select(schema)} WHERE status IN %s ORDER BY id"
    cursor.execute(sql, ((CONNECTED, TEMPORARILY_OFFLINE),))
    return [_state(row, defaults) for row in cursor.fetchall()]


def read_locked(
    cursor: DictCursor, ids: Sequence[int], schema: Schema, defaults: MonitorSettings
) -> list[DeviceState]:
    """Read these devices, ordered by id, and lock their rows until the commit."""
    cursor.execute(f"{_select(schema)} WHERE id IN %s ORDER BY id FOR UPDATE", (sorted(ids),))
    return [_state(row, defaults) for row in cursor.fetchall()]


def demote(cursor: DictCursor, transition: Transition, schema: Schema) -> None:
    """Write a demotion of a device that `read_locked` returned in the same transaction."""
    if schema.tracks_status_changes:
        cursor.execute(
            "UPDATE remotes SET status = %s, previous_status = %s, status_change_reason = %s,"
            " last_status_change_at = NOW(3), updated_at = NOW(3) WHERE id = %s AND status = %s",
            (
                transition.to_status,
                transition.from_status,
                transition.reason,
                transition.device_id,
                transition.from_status,
            ),
        )
        return
    cursor.execute(
        "UPDATE remotes SET status = %s, updated_at = NOW(3) WHERE id = %s AND status = %s",
        (transition.to_status, transition.device_id, transition.from_status),
    )


def _select(schema: Schema) -> str:
    has_periods = {"heartbeat_interval_seconds", "grace_period_seconds"} <= schema.remotes
    columns = "heartbeat_interval_seconds, grace_period_seconds, " if has_periods else ""
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
