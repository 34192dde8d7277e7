"""Transitions as the monitor's collectors report them."""

from __future__ import annotations

from cosmicdeploy.probes.monitor.event import MonitorEvent
from cosmicdeploy.probes.monitor.transition import transition


def transition_event(at: float, to: str, origin: str, device: int = 7) -> MonitorEvent:
    facts = {"device_id": device, "device_name": f"KIOSK-{device:02}", "to_status": to}
    return transition(at, "somewhere", facts, origin)
