"""When the monitor demotes a silent device."""

from __future__ import annotations

import pytest
from cosmic_app.monitor.decide import DeviceState, decide

pytestmark = pytest.mark.unit

TOLERANCE = 15


def device(status: str, silence: float, *, interval: int = 30, grace: int = 60) -> DeviceState:
    return DeviceState(
        id=123,
        name="KIOSK-01",
        status=status,
        silence=silence,
        interval=interval,
        grace_period=grace,
    )


@pytest.mark.parametrize(
    ("status", "silence", "expected"),
    [
        ("Connected", 0, None),
        ("Connected", -3, None),
        ("Connected", 44.9, None),
        ("Connected", 45, "Temporarily Offline"),
        ("Connected", 60, "Temporarily Offline"),
        ("Connected", 60.1, "Disconnected"),
        ("Temporarily Offline", 45, None),
        ("Temporarily Offline", 60, None),
        ("Temporarily Offline", 61, "Disconnected"),
        ("Disconnected", 9999, None),
        ("Maintenance", 9999, None),
    ],
)
def test_a_silent_device_is_demoted(status: str, silence: float, expected: str | None) -> None:
    transition = decide(device(status, silence), TOLERANCE)
    assert (transition and transition.to_status) == expected


def test_a_grace_period_shorter_than_the_interval_demotes_no_device_early() -> None:
    slow = device("Connected", 300, interval=300, grace=60)
    assert decide(slow, TOLERANCE) is None


def test_the_transition_has_a_reason_and_a_source() -> None:
    transition = decide(device("Connected", 45.7), TOLERANCE)
    assert transition is not None
    assert transition.reason == "No heartbeat for 45s (grace period: 60s)"
    assert transition.source == "system"
    assert transition.from_status == "Connected"
