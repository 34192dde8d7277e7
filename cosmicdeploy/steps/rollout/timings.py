"""Measure how long each phase of a rollout takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# The phases in which the engine and the application do the work: any deployer would need them.
NEEDED = ("create", "drain", "start", "healthy")


class Phases:
    """The seconds of each service in each phase.

    The phases: `taken out`, until the proxy has no open request to a replica that ignores its stop
    signal; `create`; `drain`, from the stop signal until the old container has stopped; `start`;
    `healthy`, until the first good response; `passes`, from then until the container is ready;
    `served`, until the proxy sends requests to the batch, noted for its first replica. Their order
    depends on `restart.order`.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, dict[str, float]] = {}

    @contextmanager
    def of(self, service: str, phase: str) -> Iterator[None]:
        """Add the time that the block takes to a phase of a service."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.add(service, phase, time.monotonic() - started)

    def add(self, service: str, phase: str, seconds: float) -> None:
        """Add seconds to a phase of a service."""
        own = self._seconds.setdefault(service, {})
        own[phase] = own.get(phase, 0.0) + seconds

    def facts(self, seconds: float) -> Mapping[str, object]:
        """Return the timings for the report; `seconds` is how long the whole rollout took."""
        needed = sum(own.get(phase, 0.0) for own in self._seconds.values() for phase in NEEDED)
        rounded = {
            service: {phase: round(value, 2) for phase, value in own.items()}
            for service, own in self._seconds.items()
        }
        return {"seconds": round(seconds, 2), "needed": round(needed, 2), "services": rounded}
