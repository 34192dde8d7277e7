"""Decide which status a silent device gets."""

from __future__ import annotations

from dataclasses import dataclass

from cosmic_app.transitions import CONNECTED, DISCONNECTED, TEMPORARILY_OFFLINE, Transition

SOURCE = "system"


@dataclass(frozen=True, kw_only=True)
class DeviceState:
    """A device as stored in the database; `silence`, `interval`, `grace_period` are in seconds."""

    id: int
    name: str
    status: str
    silence: float
    interval: int
    grace_period: int


def decide(device: DeviceState, tolerance: int) -> Transition | None:
    """Return the demotion that is due, or None.

    A device is late (Temporarily Offline) once it has been silent for its interval plus the
    tolerance, and gone (Disconnected) once it has been silent for longer than its grace period. It
    is never gone before it is late.
    """
    late_after = device.interval + tolerance
    gone_after = max(device.grace_period, late_after)
    if device.status not in (CONNECTED, TEMPORARILY_OFFLINE):
        return None
    if device.silence > gone_after:
        return _demotion(device, DISCONNECTED)
    if device.status == CONNECTED and device.silence >= late_after:
        return _demotion(device, TEMPORARILY_OFFLINE)
    return None


def _demotion(device: DeviceState, status: str) -> Transition:
    silence, grace = int(device.silence), device.grace_period
    return Transition(
        device_id=device.id,
        device_name=device.name,
        from_status=device.status,
        to_status=status,
        reason=f"No heartbeat for {silence}s (grace period: {grace}s)",
        source=SOURCE,
    )
