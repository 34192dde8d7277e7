"""The deploy lock: one run at a time on a stack.

The lock is a marker on the engine, which all operators share. It is created atomically and removed
only by its own id, so a run cannot remove another run's lock. The holder gives a sign of life every
two seconds. A lock is stale if its holder is a dead process of this machine or has been silent for
long; then it is taken over. A holder that lives after all finds out before its next change.
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
    release,
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
    "release",
]
