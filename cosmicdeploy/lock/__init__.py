"""One run at a time on a stack: the lock lives on the engine, where all operators meet.

It is a marker created atomically, and removed only by its own id, so that nobody can remove
another's by mistake. The holder beats; one who died here or is silent for long is taken over, and
notices that before its next change.
"""

from __future__ import annotations

from cosmicdeploy.lock.hold import Patience, held
from cosmicdeploy.lock.holder import who
from cosmicdeploy.lock.lock import Lock
from cosmicdeploy.lock.look import Look, look, release

__all__ = ["Lock", "Look", "Patience", "held", "look", "release", "who"]
