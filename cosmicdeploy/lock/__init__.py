"""One run at a time on a stack: the lock lives on the engine, where all operators meet.

It is a marker created atomically, and removed only by its own id, so that nobody can remove
another's by mistake. The holder beats; one that died here or was silent for long is taken over, and
where it lives after all, it finds out before its next change.
"""

from __future__ import annotations

from cosmicdeploy.lock.hold import Patience, held
from cosmicdeploy.lock.holder import who
from cosmicdeploy.lock.lock import Lock
from cosmicdeploy.lock.status import Look, holding_process, living_holder, look, release

__all__ = [
    "Lock",
    "Look",
    "Patience",
    "held",
    "holding_process",
    "living_holder",
    "look",
    "release",
    "who",
]
