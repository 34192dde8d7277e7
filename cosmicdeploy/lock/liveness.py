"""Find out whether a lock holder is alive, without comparing the clocks of two machines."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.lock.holder import is_dead

STALE_SECONDS = 30.0


@dataclass(frozen=True)
class Observation:
    """A marker's last heartbeat (`beat`, a count), and when it was first observed.

    `observed_at` is a time of the monotonic clock.
    """

    marker_id: str
    beat: int | None
    observed_at: float


class HolderWatch:
    """Observes whether a lock holder is gone; each call of `is_gone` is one observation.

    A holder is gone if it was a process of this machine that has ended, or if no new heartbeat was
    observed for `stale_after` seconds. `alive` becomes true when a new heartbeat is observed, and
    false when the lock has another holder. `silent_seconds` is the time since the last new
    heartbeat, or since the first observation of the holder.
    """

    def __init__(self, engine: Engine, stale_after: float = STALE_SECONDS) -> None:
        self._engine, self._stale_after = engine, stale_after
        self._last: Observation | None = None
        self.alive = False
        self.silent_seconds = 0.0

    @property
    def beat(self) -> int | None:
        """The count of the last observed heartbeat; None before the first."""
        return self._last.beat if self._last else None

    def is_gone(self, marker: Marker) -> bool:
        """Observe the holder once more; return whether it is gone. Raises `EngineError`."""
        if is_dead(marker.labels):
            return True
        self._observe(marker.id)
        return self.silent_seconds >= self._stale_after

    def _observe(self, marker_id: str) -> None:
        # The silence is measured from the end of the first query to the start of this one, so that
        # a freeze of this process during a query does not count against the holder.
        before = time.monotonic()
        beat = self._engine.last_beat(marker_id)
        last = self._last
        if last and (last.marker_id, last.beat) == (marker_id, beat):
            self.silent_seconds = before - last.observed_at
            return
        self.alive = bool(last and last.marker_id == marker_id)
        self.silent_seconds = 0.0
        self._last = Observation(marker_id, beat, time.monotonic())
