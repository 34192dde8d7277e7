"""Explain which backups are not usable, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.errors import BackupError
from cosmicdeploy.text.formatting import counted, format_time

SHOWN = 10


def skipped_lines(backups: Sequence[Backup]) -> Iterator[str]:
    """Yield lines about the backups that a rollback cannot use, and why.

    The first ten of this stack's unusable backups get a line each, and all its other unusable
    backups share one line. All backups of other stacks share a further line.
    """
    unusable = [backup for backup in backups if not backup.is_rollback_target]
    own = [backup for backup in unusable if not backup.foreign]
    for backup in own[:SHOWN]:
        yield f"skipped {backup.id}: {backup.why}"
    if len(own) > SHOWN:
        more = counted(len(own) - SHOWN, "more backup")
        yield f"skipped {more}; `cosmicdeploy backup list` shows all"
    foreign = [backup for backup in unusable if backup.foreign]
    if foreign:
        line = f"skipped {foreign[0].id}: {foreign[0].why}"
        if len(foreign) > 1:
            more = counted(len(foreign) - 1, "more of another stack", "more of other stacks")
            line += f", and {more}"
        yield line


# What to do if there is no backup to go back to: for a stack with a database, and without one.
TAKE_A_BACKUP = "take a backup: `cosmicdeploy backup create`"
DEPLOY_FIRST = "`cosmicdeploy deploy` keeps the images that it replaces, for a later rollback"


def no_usable_backup(backups: Sequence[Backup], where: str) -> BackupError:
    """Return an error saying that no backup is usable, with the reasons for the first ten."""
    own = [backup for backup in backups if not backup.foreign]
    todo = TAKE_A_BACKUP
    failed = next(
        (backup for backup in own if backup.is_intact and backup.state.restore_failure), None
    )
    if failed:
        todo += (
            f"; or repeat a failed test restore: `cosmicdeploy backup verify {failed.id} --restore`"
        )
    return BackupError(
        "There is no usable backup",
        where=where,
        todo=todo,
        details=[
            f"{backup.id}  {backup.status}  {format_time(backup.manifest.created_at)}  {backup.why}"
            for backup in backups[:SHOWN]
        ],
    )
