"""Transitions (status changes) of devices: build events, drop duplicates, detect flapping."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.probes.monitor.event import FLAPPING, TRANSITIONS, MonitorEvent

# The log and the database report the same transition within this many seconds of each other.
DUPLICATE_WITHIN = 15.0
# The keys of a transition's facts, whatever its source.
KEYS = ("device_id", "device_name", "from_status", "to_status", "reason", "source")


def transition(at: float, source: str, facts: Mapping[str, Any], origin: str) -> MonitorEvent:
    """Return the event of a transition at `at` (Unix time); `facts` may lack some of `KEYS`."""
    facts = {key: facts.get(key) for key in KEYS}
    name = facts["device_name"] or facts["device_id"] or "a device"
    before = f"{facts['from_status']} → " if facts["from_status"] else ""
    why = ", ".join(str(facts[key]) for key in ("reason", "source") if facts[key])
    text = f"{name}: {before}{facts['to_status'] or 'changed'}" + (f" ({why})" if why else "")
    return MonitorEvent(
        at=at, topic=TRANSITIONS, source=source, text=text, facts=facts, origin=origin
    )


@dataclass
class _Reported:
    at: float
    origins: set[str]


class Deduplicator:
    """Recognizes transitions that arrive a second time from another origin.

    Two transitions of a device to the same status within `DUPLICATE_WITHIN` seconds are the same
    transition if they come from different origins. If they come from the same origin, the device
    has changed twice.
    """

    def __init__(self) -> None:
        self._reported: dict[tuple[str, str], list[_Reported]] = defaultdict(list)

    def is_new(self, event: MonitorEvent) -> bool:
        """Return whether a transition has not arrived before, and remember it."""
        key = (str(event.facts.get("device_id")), str(event.facts.get("to_status")))
        recent = [
            each for each in self._reported[key] if abs(each.at - event.at) <= DUPLICATE_WITHIN
        ]
        self._reported[key] = recent
        for each in recent:
            if event.origin not in each.origins:
                each.origins.add(event.origin)
                return False
        recent.append(_Reported(event.at, {event.origin}))
        return True


@dataclass
class _Device:
    name: str = ""
    times: deque[float] = field(default_factory=deque)
    is_flapping: bool = False


class Flapping:
    """Counts each device's transitions within the last `seconds`.

    A device flaps if it has more than `more_than` transitions. It is stable again once it has at
    most half of `more_than`, so that a device at the limit is not reported repeatedly.
    """

    def __init__(self, more_than: int, seconds: float) -> None:
        self._limit, self._window = more_than, seconds
        self._devices: dict[str, _Device] = defaultdict(_Device)

    def count(self, event: MonitorEvent) -> None:
        """Count a transition."""
        device = self._devices[str(event.facts.get("device_id"))]
        device.name = str(event.facts.get("device_name") or event.facts.get("device_id"))
        device.times.append(event.at)

    def state_changes(self) -> Iterator[MonitorEvent]:
        """Yield an event for each device that has begun to flap or is stable again."""
        now = time.time()
        for key, device in list(self._devices.items()):
            device.times = deque(at for at in device.times if at > now - self._window)
            count = len(device.times)
            if not device.is_flapping and count > self._limit:
                device.is_flapping = True
                text = f"{device.name} flaps: {count} transitions in {self._window:.0f} s"
                yield self._event(key, device, text)
            elif device.is_flapping and count <= self._limit // 2:
                device.is_flapping = False
                yield self._event(key, device, f"{device.name} is stable again")
            if not count:
                del self._devices[key]

    def view_event(self) -> MonitorEvent:
        """Return a quiet event with the flapping devices, for the view."""
        rows = [
            {"device_name": device.name, "transitions": len(device.times)}
            for device in self._devices.values()
            if device.is_flapping
        ]
        return MonitorEvent(
            at=time.time(), topic=FLAPPING, source=FLAPPING, text="", facts={"rows": rows},
            quiet=True,
        )  # fmt: skip

    @staticmethod
    def _event(key: str, device: _Device, text: str) -> MonitorEvent:
        facts = {
            "device_id": key,
            "device_name": device.name,
            "transitions": len(device.times),
            "flaps": device.is_flapping,
        }
        return MonitorEvent(at=time.time(), topic=FLAPPING, source=FLAPPING, text=text, facts=facts)
