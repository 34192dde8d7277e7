"""A device's transition, whoever tells it: once each, and how many there were of late."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.probes.monitor.event import FLAPPING, TRANSITIONS, Sight

# The log and the database tell the same transition within this time, in seconds.
TOGETHER = 15.0
# The keys that a transition is told with, on every way.
KEYS = ("device_id", "device_name", "from_status", "to_status", "reason", "source")


def transition(at: float, source: str, facts: Mapping[str, Any], origin: str) -> Sight:
    """The sight of one."""
    told = {key: facts.get(key) for key in KEYS}
    name = told["device_name"] or told["device_id"] or "a device"
    before = f"{told['from_status']} → " if told["from_status"] else ""
    why = ", ".join(str(told[key]) for key in ("reason", "source") if told[key])
    text = f"{name}: {before}{told['to_status'] or 'changed'}" + (f" ({why})" if why else "")
    return Sight(at=at, topic=TRANSITIONS, source=source, text=text, facts=told, origin=origin)


@dataclass
class _Told:
    at: float
    origins: set[str]


class Once:
    """Lets each transition through once, though it comes on several ways.

    A second one of the same kind is new where it comes on a way on which the first one came, too.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], list[_Told]] = defaultdict(list)

    def is_new(self, sight: Sight) -> bool:
        """Whether nobody told of it yet; from now on somebody did."""
        key = (str(sight.facts.get("device_id")), str(sight.facts.get("to_status")))
        known = [told for told in self._told[key] if abs(told.at - sight.at) <= TOGETHER]
        self._told[key] = known
        for told in known:
            if sight.origin not in told.origins:
                told.origins.add(sight.origin)
                return False
        known.append(_Told(sight.at, {sight.origin}))
        return True


@dataclass
class _Device:
    name: str = ""
    moments: deque[float] = field(default_factory=deque)
    flaps: bool = False


class Flapping:
    """Counts each device's transitions in a window of so many seconds."""

    def __init__(self, more_than: int, seconds: float) -> None:
        self._limit, self._window = more_than, seconds
        self._devices: dict[str, _Device] = defaultdict(_Device)

    def count(self, sight: Sight) -> None:
        """Take a transition in."""
        device = self._devices[str(sight.facts.get("device_id"))]
        device.name = str(sight.facts.get("device_name") or sight.facts.get("device_id"))
        device.moments.append(sight.at)

    def turns(self) -> Iterator[Sight]:
        """Devices that begin to flap, or have come to rest: at half the limit, so that one at the
        limit is not told again and again."""
        now = time.time()
        for key, device in list(self._devices.items()):
            device.moments = deque(at for at in device.moments if at > now - self._window)
            count = len(device.moments)
            if not device.flaps and count > self._limit:
                device.flaps = True
                text = f"{device.name} flaps: {count} transitions in {self._window:.0f} s"
                yield self._sight(key, device, text)
            elif device.flaps and count <= self._limit // 2:
                device.flaps = False
                yield self._sight(key, device, f"{device.name} has come to rest")
            if not count:
                del self._devices[key]

    def now(self) -> Sight:
        """Those that flap, for the view."""
        rows = [
            {"device_name": device.name, "transitions": len(device.moments)}
            for device in self._devices.values()
            if device.flaps
        ]
        return Sight(
            at=time.time(), topic=FLAPPING, source=FLAPPING, text="", facts={"rows": rows},
            quiet=True,
        )  # fmt: skip

    @staticmethod
    def _sight(key: str, device: _Device, text: str) -> Sight:
        facts = {
            "device_id": key,
            "device_name": device.name,
            "transitions": len(device.moments),
            "flaps": device.flaps,
        }
        return Sight(at=time.time(), topic=FLAPPING, source=FLAPPING, text=text, facts=facts)
