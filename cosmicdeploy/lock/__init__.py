"""The deploy lock: one run at a time on a stack.

The lock is a marker on the engine, which all operators share: a container that never starts. The
engine creates it atomically. A run removes it only by its id, so it cannot remove another run's
lock. The holder sends a heartbeat every two seconds. A lock is stale if its holder was a process of
this machine that has ended, or if the holder has sent no heartbeat for too long. The next run then
takes the lock over. If the former holder is still alive, it stops before its next change.
"""

from __future__ import annotations

from cosmicdeploy.lock.acquire import LockWait, hold_lock
from cosmicdeploy.lock.held_lock import Lock
from cosmicdeploy.lock.holder import operator_name
from cosmicdeploy.lock.lock_status import (
    LockStatus,
    holder_pid,
    inspect_lock,
    living_holder,
    release_stale,
)

__all__ = [
    "Lock",
    "LockStatus",
    "LockWait",
    "hold_lock",
    "holder_pid",
    "inspect_lock",
    "living_holder",
    "operator_name",
    "release_stale",
]
