"""Measure how long each phase of a rollout takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cosmicdeploy.context.run_notes import RunNotes
from cosmicdeploy.journal.records.timings import CREATE, DRAIN, HEALTHY, START

# Any deployer needs these phases: the engine and the application do the work, not the deployer.
NEEDED = (CREATE, DRAIN, START, HEALTHY)


class Phases:
    """The seconds of each service in each phase; also noted down in the run's notes, if given.

    The order of the phases depends on `restart.order`:

    - `create`: the engine creates the new container
    - `drain`: the old container finishes its work and stops; if it ignores its stop signal, it
      first finishes its requests
    - `start`: the engine starts the container
    - `healthy`: from the start until the first good response
    - `passes`: from the first good response until the container is ready
    - `in service`: until the proxy sends requests to the batch; added to its first replica
    """

    def __init__(self, notes: RunNotes | None = None) -> None:
        self._seconds: dict[str, dict[str, float]] = {}
        self._notes = notes

    @contextmanager
    def of(self, service: str, phase: str) -> Iterator[None]:
        """Add the time that the block takes to a phase of a service."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.add(service, phase, time.monotonic() - started)

    def add(self, service: str, phase: str, seconds: float, ended: float | None = None) -> None:
        """Add seconds to a phase of a service; `ended` is when they ended, by default now.

        `ended` is a time of the monotonic clock.
        """
        own = self._seconds.setdefault(service, {})
        own[phase] = own.get(phase, 0.0) + seconds
        if self._notes is not None:
            ended = time.monotonic() if ended is None else ended
            self._notes.add_phase(service, phase, ended - seconds, ended)

    def facts(self, seconds: float) -> Mapping[str, object]:
        """Return the timings for the report; `seconds` is how long the whole rollout took.

        `needed` sums up the phases that any deployer needs.
        """
        needed = sum(own.get(phase, 0.0) for own in self._seconds.values() for phase in NEEDED)
        rounded = {
            service: {phase: round(value, 2) for phase, value in own.items()}
            for service, own in self._seconds.items()
        }
        return {"seconds": round(seconds, 2), "needed": round(needed, 2), "services": rounded}
