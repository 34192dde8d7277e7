"""One run at a time on a stack: the lock lives on the engine, where all operators meet.

It is a marker created atomically, and removed only by its own id, so that nobody can remove
another's by mistake. The holder beats; one that died here or was silent for long is taken over, and
where it lives after all, it finds out before its next change.
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
