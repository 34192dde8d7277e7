"""Where the seconds of a rollout went."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# What the engine and the application need, with any deployer.
NEEDED = ("create", "drain", "start", "healthy")


class Phases:
    """The seconds of each service by phase.

    The phases are those `NEEDED`; `passes`, from its first good answer (`healthy`) until it is
    ready; `served`, until the proxy uses it; `taken out`, until it is drained.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, dict[str, float]] = {}

    @contextmanager
    def of(self, service: str, phase: str) -> Iterator[None]:
        """Count the block's seconds as this phase of this service."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.add(service, phase, time.monotonic() - started)

    def add(self, service: str, phase: str, seconds: float) -> None:
        """Add seconds to this phase of this service."""
        own = self._seconds.setdefault(service, {})
        own[phase] = own.get(phase, 0.0) + seconds

    def facts(self, seconds: float) -> Mapping[str, object]:
        """Return the report's facts of a rollout that took so many seconds."""
        needed = sum(own.get(phase, 0.0) for own in self._seconds.values() for phase in NEEDED)
        rounded = {
            service: {phase: round(value, 2) for phase, value in own.items()}
            for service, own in self._seconds.items()
        }
        return {"seconds": round(seconds, 2), "needed": round(needed, 2), "services": rounded}
