"""The statements of the monitor, and what it announces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from cosmic_app.cache import Breaker
from cosmic_app.database.schema import Schema
from cosmic_app.monitor.store import demote, find_late
from cosmic_app.queue.jobs import DEFAULT_QUEUE
from cosmic_app.settings import read_settings
from cosmic_app.transitions import (
    CONNECTED,
    DISCONNECTED,
    TEMPORARILY_OFFLINE,
    Transition,
    announce,
    store,
)

pytestmark = pytest.mark.unit

TRACKING = frozenset(
    {"last_status_change_at", "heartbeat_interval_seconds", "grace_period_seconds"}
)
RELEASE_1, RELEASE_2 = Schema(frozenset(), frozenset()), Schema(TRACKING, frozenset({"id"}))


class Cursor:
    """Records the statements, with their parameters in place."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        self.statements.append(sql % tuple(map(self._quoted, parameters)))
        return 1

    def fetchall(self) -> list[dict[str, Any]]:
        return []

    def _quoted(self, value: object) -> str:
        if isinstance(value, list | tuple):
            return f"({', '.join(map(self._quoted, value))})"
        return f"'{value}'" if isinstance(value, str) else str(value)


def transition(device: int, before: str, after: str, reason: str) -> Transition:
    return Transition(
        device_id=device,
        device_name=f"KIOSK-{device}",
        from_status=before,
        to_status=after,
        reason=reason,
        source="system",
    )


ALL = [
    transition(1, CONNECTED, TEMPORARILY_OFFLINE, "a"),
    transition(2, CONNECTED, DISCONNECTED, "b"),
    transition(3, TEMPORARILY_OFFLINE, DISCONNECTED, "c"),
    *(transition(number, CONNECTED, DISCONNECTED, f"d{number}") for number in range(4, 200)),
]


def test_many_demotions_share_one_statement_for_each_kind() -> None:
    cursor = Cursor()
    demote(cursor, ALL, RELEASE_2)  # type: ignore[arg-type]
    assert len(cursor.statements) == 3
    [late] = [each for each in cursor.statements if f"SET status = '{TEMPORARILY_OFFLINE}'" in each]
    assert f"previous_status = '{CONNECTED}'" in late
    assert "status_change_reason = CASE id WHEN 1 THEN 'a' ELSE NULL END" in late
    assert late.endswith(f"WHERE id IN (1) AND status = '{CONNECTED}'")
    [again] = [each for each in cursor.statements if "(3)" in each.rpartition("WHERE")[2]]
    assert again.endswith(f"AND status = '{TEMPORARILY_OFFLINE}'")


def test_without_the_columns_only_the_status_is_written() -> None:
    cursor = Cursor()
    demote(cursor, ALL[:1], RELEASE_1)  # type: ignore[arg-type]
    [statement] = cursor.statements
    assert statement.endswith(
        f"SET status = '{TEMPORARILY_OFFLINE}', updated_at = NOW(3)"
        f" WHERE id IN (1) AND status = '{CONNECTED}'"
    )


def test_all_transitions_are_stored_by_one_statement_in_their_order() -> None:
    cursor = Cursor()
    store(cursor, ALL, RELEASE_2)  # type: ignore[arg-type]
    [statement] = cursor.statements
    assert statement.count("NOW(3)") == len(ALL)
    assert f"(1, '{CONNECTED}', '{TEMPORARILY_OFFLINE}', 'a', 'system', NOW(3)), (2," in statement
    store(cursor, ALL, RELEASE_1)  # type: ignore[arg-type]
    assert len(cursor.statements) == 1, "release 1 has no table for them"


@pytest.mark.parametrize(
    ("schema", "period"), [(RELEASE_1, "30"), (RELEASE_2, "heartbeat_interval_seconds")]
)
def test_only_late_devices_are_looked_at(schema: Schema, period: str) -> None:
    cursor = Cursor()
    find_late(cursor, schema, read_settings({}).monitor)  # type: ignore[arg-type]
    assert f", 0) >= {period} + 15 ORDER BY id" in cursor.statements[0]


class Queue:
    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []

    def lpush(self, name: str, *jobs: str) -> None:
        assert name == DEFAULT_QUEUE
        self.jobs += map(json.loads, jobs)


def test_each_transition_is_logged_and_gets_a_notification(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    queue = Queue()
    announce(ALL, Breaker(queue))  # type: ignore[arg-type]
    [record] = caplog.records
    contexts = record.__dict__["contexts"]
    assert record.getMessage() == "Device status transition"
    assert contexts[0] == {
        "device_id": 1,
        "device_name": "KIOSK-1",
        "from_status": CONNECTED,
        "to_status": TEMPORARILY_OFFLINE,
        "reason": "a",
        "source": "system",
    }
    assert [job["data"] for job in queue.jobs] == contexts
    assert len({job["id"] for job in queue.jobs}) == len(contexts) == len(ALL)
    assert {job["job"] for job in queue.jobs} == {"DeviceStatusChanged"}


def test_nothing_is_announced_without_a_transition(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    queue = Queue()
    announce([], Breaker(queue))  # type: ignore[arg-type]
    assert not caplog.records and not queue.jobs
