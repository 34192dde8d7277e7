"""The lock that a run holds: checks it before each change, sends heartbeats, releases it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError, LockLost
from cosmicdeploy.lock.holder import describe_holder, is_lock

# Seconds between two heartbeats. A heartbeat costs the engine about 4 ms; checking that the marker
# exists costs 1 ms.
BEAT_SECONDS = 2.0
# CLOCK_BOOTTIME also runs while the machine is suspended, but not every system has it.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lock:
    """A stand-in for work that needs no lock: it is never lost. A run has a `HeldLock` instead."""

    def require(self, max_age: float = 0.0) -> None:
        """Check that this run still holds the lock; the stand-in checks nothing.

        A `HeldLock` reuses its last result if that is less than `max_age` seconds old. It raises
        `LockLost` if the run's marker no longer exists, and `EngineError` if the engine does not
        answer.
        """


class HeldLock(Lock):
    """The lock of a run: a marker, which is a container of its own that never starts.

    A thread sends this run's heartbeats to the marker. All times are in seconds.
    """

    def __init__(self, engine: Engine, name: str, marker_id: str) -> None:
        self._engine, self._name, self._id = engine, name, marker_id
        self._verified_at = float("-inf")
        self._lost = False
        self._released = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="lock", daemon=True)
        self._heartbeat.start()

    def require(self, max_age: float = 0.0) -> None:
        """Check that this run still holds the lock; see `Lock.require`.

        A result's age counts from the start of the query, so that a process which was frozen during
        the query does not reuse its result.
        """
        now = time.clock_gettime(CLOCK)
        if not self._lost and now - self._verified_at >= max_age:
            self._update(exists=self._engine.marker_exists(self._id))
            self._verified_at = now
        if self._lost:
            raise self._lost_error()

    def release(self) -> None:
        """Stop the heartbeats and remove this run's marker; another run's marker stays.

        Raises nothing if the engine does not answer.
        """
        self._released.set()
        self._heartbeat.join(BEAT_SECONDS)
        # If the engine does not answer, the marker stays; the next run finds that its holder ended.
        with suppress(EngineError):
            self._engine.remove_marker(self._id)

    def _beat(self) -> None:
        count = 0
        # The creation of the marker counts as the first heartbeat.
        while not (self._released.wait(BEAT_SECONDS) or self._lost):
            # Continue after any error: the next heartbeat may succeed and keep the lock.
            with suppress(Exception):
                self._update(exists=self._engine.beat(self._id, count))
            count += 1

    def _update(self, *, exists: bool) -> None:
        # The run and the heartbeat thread both call this. A lost lock stays lost, even if an older
        # result of the other thread arrives later.
        if not exists:
            self._lost = True

    def _lost_error(self) -> LockLost:
        return LockLost(
            "This run lost its lock: another run took the lock over, since this run sent no"
            " heartbeat for too long, or the lock was removed; this run stopped and changed nothing"
            " more",
            where=self._new_holder(),
            todo="wait until the other run, if there is one, has ended; then see"
            " `cosmicdeploy status`",
        )

    def _new_holder(self) -> str:
        """Describe the run that holds the lock now; "" if the engine does not answer."""
        with suppress(EngineError):
            marker = self._engine.find_marker(self._name)
            if marker and is_lock(marker):
                return describe_holder(marker.labels)
            return "no run holds the lock now"
        return ""
