"""Where the seconds of putting a container in place went."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# What the engine and the application need themselves, whoever deploys.
NEEDED = ("create", "drain", "start", "healthy")


class Phases:
    """Seconds of each service by phase: those `NEEDED`; `passes` from its first good answer
    (`healthy`) until it was fit to serve; `served` until the proxy was seen to use it."""

    def __init__(self) -> None:
        self._seconds: dict[str, dict[str, float]] = {}

    @contextmanager
    def of(self, service: str, phase: str) -> Iterator[None]:
        """What the block takes is this phase of this service."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.add(service, phase, time.monotonic() - started)

    def add(self, service: str, phase: str, seconds: float) -> None:
        """So many seconds more."""
        own = self._seconds.setdefault(service, {})
        own[phase] = own.get(phase, 0.0) + seconds

    def facts(self, seconds: float) -> Mapping[str, object]:
        """For the report, where all of it took so many seconds."""
        needed = sum(own.get(phase, 0.0) for own in self._seconds.values() for phase in NEEDED)
        rounded = {
            service: {phase: round(value, 2) for phase, value in own.items()}
            for service, own in self._seconds.items()
        }
        return {"seconds": round(seconds, 2), "needed": round(needed, 2), "services": rounded}
