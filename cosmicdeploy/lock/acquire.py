"""Acquire the deploy lock, after a wait if necessary, and hold it during a `with` block."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cosmicdeploy.engine.facts import Marker
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.lock.held_lock import HeldLock, Lock
from cosmicdeploy.lock.holder import (
    describe_holder,
    lock_held_error,
    marker_name,
    require_lock,
    this_process,
)
from cosmicdeploy.lock.liveness import STALE_SECONDS, HolderWatch

POLL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class LockWait:
    """How to wait for the lock.

    `wait` is the longest wait, and `stale_after` is how long a holder may send no heartbeat before
    its lock is stale; both are in seconds. `on_wait` is called once for each holder, with a line
    about the holder. `safe_point` is called at each poll and may raise an error to end the wait.
    """

    wait: float = 0.0
    stale_after: float = STALE_SECONDS
    on_wait: Callable[[str], None] = lambda _text: None
    safe_point: Callable[[], None] = lambda: None


@contextmanager
def hold_lock(
    engine: Engine, project: str, command: str, lock_wait: LockWait = LockWait()
) -> Iterator[Lock]:
    """Hold the stack's lock during the block.

    Raises `LockHeld`, which names the holder, if another run still holds the lock after the wait,
    and `EngineError` if a container that is no lock has the lock's name.

    The block must call `Lock.require` before each change, or use an engine from `fence.fenced`,
    which does so.
    """
    name = marker_name(project)
    lock = HeldLock(engine, name, _acquire(engine, name, command, lock_wait))
    try:
        yield lock
    finally:
        lock.release()


def _acquire(engine: Engine, name: str, command: str, lock_wait: LockWait) -> str:
    labels, watch = this_process(command), HolderWatch(engine, lock_wait.stale_after)
    deadline = time.monotonic() + lock_wait.wait
    announced = ""
    while not (marker := engine.claim_marker(name, labels)).is_own:
        require_lock(marker, name)
        lock_wait.safe_point()
        if watch.is_gone(marker):
            # The marker is removed by its id: if another run has taken the lock over by now, that
            # run's marker stays.
            engine.remove_marker(marker.id)
            continue
        if (left := deadline - time.monotonic()) <= 0:
            raise lock_held_error(marker, _advice(lock_wait))
        if announced != marker.id:
            lock_wait.on_wait(_waiting_line(marker, left))
            announced = marker.id
        time.sleep(min(POLL_SECONDS, left))
    return marker.id


def _waiting_line(marker: Marker, left: float) -> str:
    command = f"`cosmicdeploy {marker.labels.get('command')}`"
    return f"waiting up to {left:.0f} s for {command} of {describe_holder(marker.labels)}"


def _advice(lock_wait: LockWait) -> str:
    return (
        "wait for that run with --wait SECONDS; if that run sends no heartbeat for "
        f"{lock_wait.stale_after:.0f} s during the wait, its lock is taken over"
    )
