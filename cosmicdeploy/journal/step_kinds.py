"""Names of the kinds of steps that code looks for in the journal, and former names of kinds.

Existing journals and playbooks still contain former names, so no new kind may take one of them.
"""

from __future__ import annotations

from collections.abc import Mapping

BACKUP = "backup"
BUILD = "build"
IMAGES = "images"
MIGRATE = "migrate"
ONE_SHOT = "one-shot"
ORPHANS = "orphans"
PULL = "pull"
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
    """Return the present name of a kind of step; a name that is not a former one stays as it is."""
    return RENAMED.get(kind, kind)


def other_name(kind: str) -> str:
    """Return the other name of a renamed kind, present or former; "" if it has only one."""
    former = {new: old for old, new in RENAMED.items()}
    return RENAMED.get(kind) or former.get(kind, "")
