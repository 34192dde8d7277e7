"""Kinds of steps that readers of the journal look for, and the former names of kinds.

Journals and playbooks hold these words. A former name is never reused, so it has one meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

BACKUP = "backup"
BUILD = "build"
MIGRATE = "migrate"
QUIESCE = "quiesce"
RESTART_IN_PLACE = "restart-in-place"
RESTORE = "restore"
# When `resume` has ended, a rollback is in place.
RESUME = "resume"
# When `rollout` has ended, the release is in place everywhere.
ROLLOUT = "rollout"
SERVICES = "services"

RENAMED: Mapping[str, str] = {
    "bounce": RESTART_IN_PLACE,
    "fits": "compatible",
    "note-migrations": "mark-migrated",
    "own-file": "chown",
    "restart": ROLLOUT,
    "watch": "soak",
}


def current_kind(kind: str) -> str:
    """Return the present name of a kind of step; any other word as it is."""
    return RENAMED.get(kind, kind)


def other_name(kind: str) -> str:
    """Return the former name of a present kind, or the present name of a former one; "" for a kind
    that had one name only."""
    former = {new: old for old, new in RENAMED.items()}
    return RENAMED.get(kind) or former.get(kind, "")
