"""Inspect a stack's lock without holding it, and release a stale lock."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.lock.acquire import POLL_SECONDS
from cosmicdeploy.lock.held_lock import BEAT_SECONDS
from cosmicdeploy.lock.holder import (
    is_dead,
    is_lock,
    lock_held_error,
    marker_name,
    require_lock,
)
from cosmicdeploy.lock.liveness import STALE_SECONDS, HolderWatch

# A living holder sends a heartbeat every BEAT_SECONDS. A busy engine may delay heartbeats.
INSPECT_SECONDS = 3 * BEAT_SECONDS


@dataclass(frozen=True, kw_only=True)
class LockStatus:
    """The state of a lock.

    `life` is "free", "alive", "dead" (the holder was a process of this machine that has ended) or
    "silent" (no heartbeat for `silent_seconds`). `beats` is the number of the holder's last
    heartbeat, counted from 0; None before the first.
    """

    life: str
    marker: Marker | None = None
    beats: int | None = None
    silent_seconds: float = 0.0


def inspect_lock(engine: Engine, project: str, seconds: float = INSPECT_SECONDS) -> LockStatus:
    """Return who holds the lock, and whether the holder is alive.

    Waits for a new heartbeat, at most `seconds`. Raises `EngineError` if a container that is no
    lock has the lock's name.
    """
    watch, name = HolderWatch(engine, seconds), marker_name(project)
    while marker := engine.find_marker(name):
        require_lock(marker, name)
        if watch.is_gone(marker) or watch.alive:
            break
        time.sleep(min(POLL_SECONDS, seconds))
    else:
        return LockStatus(life="free")
    life = "alive" if watch.alive else "dead" if is_dead(marker.labels) else "silent"
    return LockStatus(
        life=life, marker=marker, beats=watch.beat, silent_seconds=watch.silent_seconds
    )


def living_holder(engine: Engine, project: str) -> Marker | None:
    """Return the lock's marker; None if the lock is free or its holder is known to have ended.

    Also returns None if a container that is no lock has the lock's name. Does not wait for a
    heartbeat, so a holder that died on another machine counts as living.
    """
    marker = engine.find_marker(marker_name(project))
    return marker if marker and is_lock(marker) and not is_dead(marker.labels) else None


def holder_pid(engine: Engine, project: str) -> str | None:
    """Return the living holder's process number on its machine; None without a living holder."""
    marker = living_holder(engine, project)
    return marker.labels.get("pid") if marker else None


def release_stale(
    engine: Engine, project: str, stale_after: float = STALE_SECONDS
) -> Marker | None:
    """Release a stale lock; return the removed marker, or None if the lock was free.

    A lock is stale if its holder is dead, or has sent no heartbeat for `stale_after` seconds.
    Raises `LockHeld` if the holder is alive, and `EngineError` as `inspect_lock` does.
    """
    status = inspect_lock(engine, project, stale_after)
    if status.marker is None:
        return None
    if status.life == "alive":
        raise lock_held_error(
            status.marker, "that run is alive: wait until it ends, or stop it with Ctrl-C"
        )
    engine.remove_marker(status.marker.id)
    return status.marker
