"""The lock as a run uses it: require it before each change, keep it alive, release it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError, LockLost
from cosmicdeploy.lock.holder import describe

# A beat costs the engine about 4 ms; a query whether the marker exists costs 1 ms.
BEAT_SECONDS = 2.0
# This clock keeps running while the machine is suspended.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lock:
    """A lock that cannot be lost, for work without a lock."""

    def require(self, trust: float = 0.0) -> None:
        """Check that this run still holds the lock.

        A result not older than `trust` seconds is reused. Raises `LockLost` if another run took the
        lock over, and `EngineError` if the engine does not answer.
        """


class HeldLock(Lock):
    """A marker of this run, kept alive by a thread; all times are in seconds."""

    def __init__(self, engine: Engine, name: str, marker_id: str) -> None:
        self._engine, self._name, self._id = engine, name, marker_id
        self._verified_at = float("-inf")
        self._lost = False
        self._over = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="lock", daemon=True)
        self._beating.start()

    def require(self, trust: float = 0.0) -> None:
        """Check that this run still holds the lock, as `Lock.require`.

        A result's age counts from before the query, so a process that was frozen during the query
        does not reuse it.
        """
        now = time.clock_gettime(CLOCK)
        if not self._lost and now - self._verified_at >= trust:
            self._note(exists=self._engine.marker_exists(self._id))
            self._verified_at = now
        if self._lost:
            raise self._error()

    def end(self) -> None:
        """Stop the beats and remove this run's marker; another run's marker stays."""
        self._over.set()
        self._beating.join(BEAT_SECONDS)
        # If the engine is gone the marker stays, and the next run finds a dead holder.
        with suppress(EngineError):
            self._engine.remove_marker(self._id)

    def _beat(self) -> None:
        count = 0
        # The creation of the marker counts as the first beat.
        while not (self._over.wait(BEAT_SECONDS) or self._lost):
            # A failed beat may succeed the next time, and silence would cost the lock.
            with suppress(Exception):
                self._note(exists=self._engine.beat(self._id, count))
            count += 1

    def _note(self, *, exists: bool) -> None:
        # A lost lock stays lost: the other thread may bring an older answer later.
        if not exists:
            self._lost = True

    def _error(self) -> LockLost:
        return LockLost(
            "Another run took the lock over, since this one gave no sign of life for long; this "
            "run stopped and changed nothing more",
            where=self._taker(),
            todo="let that run end: it resumes or undoes this one; then `cosmicdeploy status`",
        )

    def _taker(self) -> str:
        with suppress(EngineError):
            taker = self._engine.find_marker(self._name)
            return describe(taker.labels) if taker else "it has ended by now"
        return ""
