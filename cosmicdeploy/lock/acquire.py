"""Acquire the deploy lock, with a wait if asked for, and hold it for a block."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.lock.held_lock import HeldLock, Lock
from cosmicdeploy.lock.holder import describe, lock_held_error, marker_name, this_process
from cosmicdeploy.lock.liveness import STALE_SECONDS, HolderWatch

POLL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class LockWait:
    """How to wait for the lock.

    `wait` is the longest wait, and `stale_after` the silence after which the lock is stale, both in
    seconds. `on_wait` gets a line about the holder. `safe_point` may raise to give up waiting.
    """

    wait: float = 0.0
    stale_after: float = STALE_SECONDS
    on_wait: Callable[[str], None] = lambda _text: None
    safe_point: Callable[[], None] = lambda: None


@contextmanager
def hold_lock(
    engine: Engine, project: str, command: str, lock_wait: LockWait = LockWait()
) -> Iterator[Lock]:
    """Hold the stack's lock in this block. Raises `LockHeld`, which names the holder.

    The block calls `Lock.require` before each change, or uses `fence.fenced`, which does so.
    """
    name = marker_name(project)
    lock = HeldLock(engine, name, _acquire(engine, name, command, lock_wait))
    try:
        yield lock
    finally:
        lock.end()


def _acquire(engine: Engine, name: str, command: str, lock_wait: LockWait) -> str:
    own, watch = this_process(command), HolderWatch(engine, lock_wait.stale_after)
    until = time.monotonic() + lock_wait.wait
    announced = ""
    while not (marker := engine.claim_marker(name, own)).is_own:
        lock_wait.safe_point()
        if watch.is_gone(marker):
            # By its id: if another run has taken over meanwhile, that run's marker stays.
            engine.remove_marker(marker.id)
            continue
        if (left := until - time.monotonic()) <= 0:
            raise lock_held_error(marker, _todo(lock_wait))
        if announced != marker.id:
            lock_wait.on_wait(_waiting(marker, left))
            announced = marker.id
        time.sleep(min(POLL_SECONDS, left))
    return marker.id


def _waiting(marker: Marker, left: float) -> str:
    work = f"`cosmicdeploy {marker.labels.get('command')}`"
    return f"waiting up to {left:.0f} s for {work} of {describe(marker.labels)}"


def _todo(lock_wait: LockWait) -> str:
    return (
        "wait for it with --wait SECONDS; the lock of a run that gives no sign of life for "
        f"{lock_wait.stale_after:.0f} s meanwhile is taken over"
    )
