"""The SQL statements that write heartbeats (beats)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pymysql.cursors import DictCursor

from cosmic_app.database.case import by_device
from cosmic_app.database.schema import Schema
from cosmic_app.heartbeat.body import Content
from cosmic_app.heartbeat.model import Device
from cosmic_app.transitions import CONNECTED, Transition
from cosmic_app.transitions import store as store_transitions

SOURCE = "heartbeat"
REASON = "Heartbeat received"


def find_devices(cursor: DictCursor, token_hashes: Sequence[str]) -> dict[str, Device]:
    """Return the devices with these token hashes, by hash. Revoked tokens have no device."""
    cursor.execute(
        "SELECT id, status, token_hash FROM remotes WHERE token_hash IN %s AND token_revoked = 0",
        (sorted(set(token_hashes)),),
    )
    return {r["token_hash"]: Device(id=r["id"], status=r["status"]) for r in cursor.fetchall()}


def record_connected(cursor: DictCursor, beats: Mapping[int, Content], schema: Schema) -> bool:
    """Write the beats of connected devices in one statement; return whether all were connected.

    If one was not, the caller must pass all beats to `record_beats`. Writing a beat twice does no
    harm.
    """
    return _update_devices(cursor, beats, schema, only=CONNECTED) == len(beats)


def record_beats(
    cursor: DictCursor, beats: Mapping[int, Content], schema: Schema
) -> list[Transition]:
    """Write one beat per device (by device id); return the transitions to connected.

    Locks the rows in the order of their ids, as every writer does, so that no two writers deadlock.
    """
    ids = sorted(beats)
    cursor.execute(
        "SELECT id, name, status FROM remotes WHERE id IN %s ORDER BY id FOR UPDATE", (ids,)
    )
    recovered = [_recovery(row) for row in cursor.fetchall() if row["status"] != CONNECTED]
    if recovered and schema.tracks_status_changes:
        _record_status_change(cursor, [transition.device_id for transition in recovered])
    _update_devices(cursor, beats, schema)
    store_transitions(cursor, recovered, schema)
    return recovered


def _recovery(row: Mapping[str, object]) -> Transition:
    return Transition(
        device_id=int(str(row["id"])),
        device_name=str(row["name"]),
        from_status=str(row["status"]),
        to_status=CONNECTED,
        reason=REASON,
        source=SOURCE,
    )


def _record_status_change(cursor: DictCursor, ids: Sequence[int]) -> None:
    """Record a status change, with the old status. Call it before the new status is written."""
    cursor.execute(
        "UPDATE remotes SET previous_status = status, last_status_change_at = NOW(3),"
        " status_change_reason = %s WHERE id IN %s",
        (REASON, sorted(ids)),
    )


def _update_devices(
    cursor: DictCursor, beats: Mapping[int, Content], schema: Schema, only: str = ""
) -> int:
    """Write the beats in one UPDATE; return the number of rows changed.

    `only` limits the update to rows with this status. `last_heartbeat_at` comes from the database's
    clock and never goes backwards.
    """
    ids = sorted(beats)
    levels, values = by_device({key: beats[key].battery_level for key in ids})
    sets = [
        "status = %s",
        f"battery_level = {levels}",
        "last_heartbeat_at = GREATEST(COALESCE(last_heartbeat_at, NOW(3)), NOW(3))",
        "updated_at = NOW(3)",
    ]
    parameters: list[object] = [CONNECTED, *values]
    if "last_heartbeat_source" in schema.remotes:
        sets.append("last_heartbeat_source = %s")
        parameters.append(SOURCE)
    beat_ids = {key: beats[key].heartbeat_id for key in ids if beats[key].heartbeat_id}
    if beat_ids and "last_heartbeat_id" in schema.remotes:
        case, values = by_device(beat_ids, otherwise="last_heartbeat_id")
        sets.append(f"last_heartbeat_id = {case}")
        parameters += values
    where = "id IN %s"
    parameters.append(ids)
    if only:
        where += " AND status = %s"
        parameters.append(only)
    # Find the rows by id: a search by status would lock the index on status first, but a change of
    # status locks it last, so the two could deadlock.
    update = f"UPDATE remotes FORCE INDEX (PRIMARY) SET {', '.join(sets)}"  # noqa: S608 - no outside text
    return cursor.execute(f"{update} WHERE {where}", parameters)
