"""Look at a stack's lock from outside, and free it where nobody alive holds it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.lock.acquire import POLL_SECONDS
from cosmicdeploy.lock.held_lock import BEAT_SECONDS
from cosmicdeploy.lock.holder import is_dead, lock_held_error, marker_name
from cosmicdeploy.lock.liveness import STALE_SECONDS, Watch

# A living holder is seen within one beat; a busy engine may be late by another.
LOOK_SECONDS = 3 * BEAT_SECONDS


@dataclass(frozen=True, kw_only=True)
class LockStatus:
    """A lock as it was seen. `life` is "free", "alive", "dead" (a process of this machine that is
    no more) or "silent", for `silent` seconds of looking; `beats` are the holder's so far."""

    life: str
    marker: Marker | None = None
    beats: int | None = None
    silent: float = 0.0


def inspect_lock(engine: Engine, project: str, seconds: float = LOOK_SECONDS) -> LockStatus:
    """Who holds the lock, and whether they live: until the first sign of it, or for `seconds`."""
    watch = Watch(engine, seconds)
    while marker := engine.find_claim(marker_name(project)):
        if watch.is_gone(marker) or watch.alive:
            break
        time.sleep(min(POLL_SECONDS, seconds))
    else:
        return LockStatus(life="free")
    life = "alive" if watch.alive else "dead" if is_dead(marker.labels) else "silent"
    return LockStatus(life=life, marker=marker, beats=watch.beat, silent=watch.silent)


def living_holder(engine: Engine, project: str) -> Marker | None:
    """The lock's marker; None where the lock is free, or its holder was a process of this machine
    that is no more. One look: whether a holder elsewhere lives is not asked."""
    marker = engine.find_claim(marker_name(project))
    return marker if marker and not is_dead(marker.labels) else None


def holder_pid(engine: Engine, project: str) -> str | None:
    """The process number that such a holder has where it runs."""
    marker = living_holder(engine, project)
    return marker.labels.get("pid") if marker else None


def release(engine: Engine, project: str, stale_after: float = STALE_SECONDS) -> Marker | None:
    """Free the lock of a holder that is dead, or silent for `stale_after` seconds; the marker that
    was removed, or none where the lock was free. Raises `LockHeld` where the holder lives."""
    seen = inspect_lock(engine, project, stale_after)
    if seen.marker is None:
        return None
    if seen.life == "alive":
        raise lock_held_error(
            seen.marker, "it is alive: wait until it is done, or stop it with Ctrl-C"
        )
    engine.release_claim(seen.marker.id)
    return seen.marker
