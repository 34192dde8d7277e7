"""Tell a living holder from a dead one without trusting anybody's clock."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.lock.holder import is_dead

STALE_SECONDS = 30.0


@dataclass(frozen=True)
class Sight:
    """A marker's beat as it was seen to change: `at` is when it was first seen to be so."""

    marker_id: str
    beat: int | None
    at: float


class Watch:
    """Looks at a lock again and again; times in seconds of this process's monotonic clock.

    A holder counts as gone where it is a dead process of this machine, or where nothing but its
    silence was seen for `stale_after`.
    """

    def __init__(self, engine: Engine, stale_after: float = STALE_SECONDS) -> None:
        self._engine, self._stale_after = engine, stale_after
        self._seen: Sight | None = None
        self.alive = False
        self.silent = 0.0

    @property
    def beat(self) -> int | None:
        """The beat that was seen last."""
        return self._seen.beat if self._seen else None

    def is_gone(self, marker: Marker) -> bool:
        """Look once more; raises `EngineError`."""
        if is_dead(marker.labels):
            return True
        self._look(marker.id)
        return self.silent >= self._stale_after

    def _look(self, marker_id: str) -> None:
        # The silence ends before this look and begins after the first one: who was frozen itself
        # between looking and reading the clock must not blame the other.
        before = time.monotonic()
        beat = self._engine.last_beat(marker_id)
        seen = self._seen
        if seen and (seen.marker_id, seen.beat) == (marker_id, beat):
            self.silent = before - seen.at
            return
        self.alive = bool(seen and seen.marker_id == marker_id)
        self.silent = 0.0
        self._seen = Sight(marker_id, beat, time.monotonic())
