"""The lock, as the work under it sees it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError, LockLost
from cosmicdeploy.lock.holder import describe

# A beat costs the engine about 4 ms, asking whether the marker is there 1 ms.
BEAT_SECONDS = 2.0
# Goes on while the machine is suspended, as everybody else's clock does.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lock:
    """Nobody else's turn can come: for work that is under no lock."""

    def require(self, trust: float = 0.0) -> None:
        """Raise `LockLost` where another run took the lock over; `EngineError` where the engine
        cannot be asked. An answer that is not older than `trust` seconds is believed."""


class HeldLock(Lock):
    """A marker of ours, kept alive from a thread of its own; all times in seconds."""

    def __init__(self, engine: Engine, name: str, marker_id: str) -> None:
        self._engine, self._name, self._id = engine, name, marker_id
        self._verified_at = float("-inf")
        self._lost = False
        self._over = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="lock", daemon=True)
        self._beating.start()

    def require(self, trust: float = 0.0) -> None:
        """As above. An answer's age counts from before it was asked for, so that a process that
        was frozen in between does not believe it."""
        now = time.clock_gettime(CLOCK)
        if not self._lost and now - self._verified_at >= trust:
            self._note(there=self._engine.is_claimed(self._id))
            self._verified_at = now
        if self._lost:
            raise self._error()

    def end(self) -> None:
        """Stop beating and remove the marker, where it is still ours; never another's."""
        self._over.set()
        self._beating.join(BEAT_SECONDS)
        # Where the engine is gone the marker stays: the next run sees that its holder is dead.
        with suppress(EngineError):
            self._engine.release_claim(self._id)

    def _beat(self) -> None:
        count = 0
        # That the marker was made is the first sign of life.
        while not (self._over.wait(BEAT_SECONDS) or self._lost):
            # Whatever goes wrong now may go well the next time, and silence would cost the lock.
            with suppress(Exception):
                self._note(there=self._engine.beat(self._id, count))
            count += 1

    def _note(self, *, there: bool) -> None:
        # What is lost stays lost: an older answer may come later from the other thread.
        if not there:
            self._lost = True

    def _error(self) -> LockLost:
        return LockLost(
            "Another run took the lock over, since this one gave no sign of life for long; it "
            "stopped where it was and touched nothing more",
            where=self._taker(),
            todo="let that run end: it goes on from what it finds; then `cosmicdeploy status`",
        )

    def _taker(self) -> str:
        with suppress(EngineError):
            taker = self._engine.find_claim(self._name)
            return describe(taker.labels) if taker else "which has ended by now"
        return ""
