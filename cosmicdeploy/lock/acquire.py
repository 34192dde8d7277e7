"""Take the lock, waiting for it where that is wanted, and hold it for a block."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.lock.held_lock import HeldLock, Lock
from cosmicdeploy.lock.holder import describe, lock_held_error, marker_name, this_process
from cosmicdeploy.lock.liveness import STALE_SECONDS, Watch

POLL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class LockWait:
    """How long to wait for the lock, and after which silence its holder is taken for dead, both in
    seconds; whom to tell who is waited for; `safe_point` may raise to give up waiting."""

    wait: float = 0.0
    stale_after: float = STALE_SECONDS
    tell: Callable[[str], None] = lambda _text: None
    safe_point: Callable[[], None] = lambda: None


@contextmanager
def hold_lock(
    engine: Engine, project: str, command: str, patience: LockWait = LockWait()
) -> Iterator[Lock]:
    """Hold the stack's lock; raises `LockHeld`, naming who has it, where and since when.

    The work under it calls `Lock.require` before each change, or goes through
    `engine.fenced`, which does so.
    """
    name = marker_name(project)
    lock = HeldLock(engine, name, _acquire(engine, name, command, patience))
    try:
        yield lock
    finally:
        lock.end()


def _acquire(engine: Engine, name: str, command: str, patience: LockWait) -> str:
    wanted, watch = this_process(command), Watch(engine, patience.stale_after)
    until = time.monotonic() + patience.wait
    told = ""
    while not (marker := engine.claim(name, wanted)).ours:
        patience.safe_point()
        if watch.is_gone(marker):
            # By its own id: should somebody else have taken over meanwhile, theirs stays.
            engine.release_claim(marker.id)
            continue
        if (left := until - time.monotonic()) <= 0:
            raise lock_held_error(marker, _todo(patience))
        if told != marker.id:
            patience.tell(_waiting(marker, left))
            told = marker.id
        time.sleep(min(POLL_SECONDS, left))
    return marker.id


def _waiting(marker: Marker, left: float) -> str:
    work = f"`cosmicdeploy {marker.labels.get('command')}`"
    return f"waiting up to {left:.0f} s for {work} of {describe(marker.labels)}"


def _todo(patience: LockWait) -> str:
    return (
        "wait for it with --wait SECONDS; a run that gives no sign of life for "
        f"{patience.stale_after:.0f} s meanwhile is taken over"
    )
