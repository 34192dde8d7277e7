"""The kinds of steps that code looks for in the journal, and the former names of kinds.

Existing journals and playbooks still contain former names, so a former name never gets another
meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

BACKUP = "backup"
BUILD = "build"
IMAGES = "images"
MIGRATE = "migrate"
QUIESCE = "quiesce"
RESTART_IN_PLACE = "restart-in-place"
RESTORE = "restore"
# Once this step is done, a rollback is in place.
RESUME = "resume"
# Once this step is done, the release is in place everywhere.
ROLLOUT = "rollout"
SERVICES = "services"
STATIC_FILES = "static-files"

# Former name → present name.
RENAMED: Mapping[str, str] = {
    "bounce": RESTART_IN_PLACE,
    "fits": "compatible",
    "note-migrations": "mark-migrated",
    "own-file": "chown",
    "restart": ROLLOUT,
    "watch": "soak",
}


def current_kind(kind: str) -> str:
    """Return the present name for a former one; any other name unchanged."""
    return RENAMED.get(kind, kind)


def other_name(kind: str) -> str:
    """Return the present name for a former one, or the former for a present one; "" if none."""
    former = {new: old for old, new in RENAMED.items()}
    return RENAMED.get(kind) or former.get(kind, "")
