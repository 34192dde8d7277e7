"""Tell a living lock holder from a dead one, without comparing the clocks of two machines."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.lock.holder import is_dead

STALE_SECONDS = 30.0


@dataclass(frozen=True)
class Observation:
    """A marker's last beat, and when it was first observed (`at`, monotonic clock)."""

    marker_id: str
    beat: int | None
    at: float


class HolderWatch:
    """Observes a lock holder repeatedly; times are in seconds of the monotonic clock.

    A holder counts as gone if it is a dead process of this machine, or if it has been silent for
    `stale_after` seconds of observation. `alive` is whether a beat was observed to change, `silent`
    for how long none was.
    """

    def __init__(self, engine: Engine, stale_after: float = STALE_SECONDS) -> None:
        self._engine, self._stale_after = engine, stale_after
        self._last: Observation | None = None
        self.alive = False
        self.silent = 0.0

    @property
    def beat(self) -> int | None:
        """The last observed beat."""
        return self._last.beat if self._last else None

    def is_gone(self, marker: Marker) -> bool:
        """Observe the holder once more; return whether it is gone. Raises `EngineError`."""
        if is_dead(marker.labels):
            return True
        self._observe(marker.id)
        return self.silent >= self._stale_after

    def _observe(self, marker_id: str) -> None:
        # The silence is counted from after the first query to before this one: time in which this
        # process itself was frozen must not count against the holder.
        before = time.monotonic()
        beat = self._engine.last_beat(marker_id)
        last = self._last
        if last and (last.marker_id, last.beat) == (marker_id, beat):
            self.silent = before - last.at
            return
        self.alive = bool(last and last.marker_id == marker_id)
        self.silent = 0.0
        self._last = Observation(marker_id, beat, time.monotonic())
